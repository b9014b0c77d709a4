"""The Device Management service: users (ONVIF Core 8.4)."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from simulators.camera.onvif.device_memory import DeviceMemory, User
from simulators.camera.onvif.markup import NAMESPACES, Xml, x
from simulators.camera.onvif.operations import Call, operation
from simulators.camera.onvif.security import Access
from simulators.camera.onvif.soap import SoapError, one_of, optional, required

MAXIMUM_USERS = 16
_LEVELS = ("Administrator", "Operator", "User")


@operation("tds:GetUsers", Access.ADMINISTRATOR)
def get_users(call: Call) -> Xml:
    """Names and levels, never passwords."""
    users = [(call.state.user, "Administrator")]
    users += [(name, user.level) for name, user in call.device.more_users.items()]
    return x(
        "tds:GetUsersResponse",
        *(x("tds:User", x("tt:Username", name), x("tt:UserLevel", level)) for name, level in users),
    )


@operation("tds:CreateUsers", Access.ADMINISTRATOR)
def create_users(call: Call) -> Xml:
    """Create all the given users or none."""
    created = [_read_user(user) for user in call.request.findall("tds:User", NAMESPACES)]
    names = [name for name, _ in created]
    taken = [name for name in names if call.device.level_of(name)]
    if taken or len(set(names)) != len(names) or not names:
        raise SoapError("the user name is taken", "ter:OperationProhibited", "ter:UsernameClash")
    if 1 + len(call.device.more_users) + len(created) > MAXIMUM_USERS:
        raise SoapError("too many users", "ter:Action", "ter:TooManyUsers", receiver=True)
    if any(not user.password for _, user in created):
        raise SoapError("the password is empty", "ter:OperationProhibited", "ter:PasswordTooWeak")
    call.device.more_users.update(created)
    return x("tds:CreateUsersResponse")


@operation("tds:SetUser", Access.ADMINISTRATOR)
def set_user(call: Call) -> Xml:
    """Change passwords and levels of all the given users or of none."""
    changed = [_read_user(user) for user in call.request.findall("tds:User", NAMESPACES)]
    for name, user in changed:
        _must_exist(call.device, name)
        if name == call.state.user and user.level != "Administrator":
            raise SoapError("the user is fixed", "ter:InvalidArgVal", "ter:FixedUser")
    for name, user in changed:
        if name == call.state.user:
            call.state.password = user.password or call.state.password
        else:
            known = call.device.more_users[name]
            known.level, known.password = user.level, user.password or known.password
    return x("tds:SetUserResponse")


@operation("tds:DeleteUsers", Access.ADMINISTRATOR)
def delete_users(call: Call) -> Xml:
    """Delete all the given users or none."""
    names = [(item.text or "").strip() for item in call.request.findall("tds:Username", NAMESPACES)]
    for name in names:
        _must_exist(call.device, name)
        if name == call.state.user:
            raise SoapError("the user is fixed", "ter:InvalidArgVal", "ter:FixedUser")
    for name in names:
        call.device.more_users.pop(name, None)
    return x("tds:DeleteUsersResponse")


def _must_exist(device: DeviceMemory, name: str) -> None:
    if device.level_of(name) is None:
        raise SoapError("no such user", "ter:InvalidArgVal", "ter:UsernameMissing")


def _read_user(user: Element) -> tuple[str, User]:
    level = one_of(required(user, "tt:UserLevel"), _LEVELS, "the level")
    return required(user, "tt:Username"), User(level, optional(user, "tt:Password"))
