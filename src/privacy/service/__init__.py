"""What happens to what the service knows of somebody."""

from src.privacy.service.deleting import begin, demand_other_owners, request, undo
from src.privacy.service.erasing import NotErased, erase_next

__all__ = ["NotErased", "begin", "demand_other_owners", "erase_next", "request", "undo"]
