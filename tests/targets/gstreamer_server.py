"""An RTSP server that nobody here wrote: GStreamer's. Run by the system's python3 (needs gi).

Arguments: address, launch line, and optionally --user, --password, --certificate (PEM with key),
--tcp-only. Prints its port, then serves /stream, /main, /sub and /third until its standard
input closes.
"""

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("address")
arguments.add_argument("launch")
arguments.add_argument("--user")
arguments.add_argument("--password")
arguments.add_argument("--certificate")
arguments.add_argument("--tcp-only", action="store_true")
options = arguments.parse_args()

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address(options.address)
server.set_service("0")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(options.launch)
factory.set_shared(True)
if options.tcp_only:
    factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
if options.user or options.certificate:
    auth = GstRtspServer.RTSPAuth()
    if options.certificate:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(options.certificate))
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("user", "media.factory.access", True)
    permissions.add_permission_for_role("user", "media.factory.construct", True)
    factory.set_permissions(permissions)
    if options.user:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(options.user, options.password, token)
    else:
        auth.set_default_token(token)
    server.set_auth(auth)
for path in ("/stream", "/main", "/sub", "/third"):
    server.get_mount_points().add_factory(path, factory)
server.attach(None)
sys.stdout.write(f"{server.get_bound_port()}\n")
sys.stdout.flush()

loop = GLib.MainLoop()
GLib.io_add_watch(GLib.IOChannel.unix_new(sys.stdin.fileno()), GLib.IO_HUP, lambda *_: loop.quit())
loop.run()
