"""The behaviours of the simulators.

Nothing in the simulators may branch on a name that is not declared here.
"""

from protocols.behaviours import Behaviour, Behaviours

__all__ = ["Behaviour", "defect", "registry", "variant"]

_ALL = Behaviours()
defect, variant, registry = _ALL.defect, _ALL.variant, _ALL.registry
