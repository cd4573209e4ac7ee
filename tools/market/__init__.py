"""What the Market's cabinet asks for: the texts of the card, icon, screenshots, a checklist (``make market``)."""
