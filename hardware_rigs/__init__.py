"""Drivers of what stands at a site beside the cameras: light box, cable switch.

Each driver fills a port of ``targets``; a visit never knows which driver stands behind it.
"""
