"""Talks with devices and upper platforms: GB/T 28181, and RTSP and ONVIF cameras."""
