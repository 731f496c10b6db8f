"""How the admin writes a time: to the second and sortable, as logs and events do."""

DATETIME_FORMAT = "Y-m-d H:i:s"
