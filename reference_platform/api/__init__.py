"""The HTTPS API: one router a resource, thin over the services of the rooms."""
