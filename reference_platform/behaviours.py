"""The behaviours of the reference platform.

They are switched on by the plan of a test host alone: no option, page or API reaches them.
"""

from protocols.behaviours import Behaviour, Behaviours

__all__ = ["Behaviour", "defect", "registry", "variant"]

_ALL = Behaviours()
defect, variant, registry = _ALL.defect, _ALL.variant, _ALL.registry
