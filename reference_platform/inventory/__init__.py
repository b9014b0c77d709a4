"""What is managed: organisations, devices and channels, customers, services, settings, alarms."""
