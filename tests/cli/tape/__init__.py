"""The tape is right, our rule passes it, and readers that are not careful fail where they must."""
