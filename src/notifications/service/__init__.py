"""What can be done with messages to people."""

from src.notifications.service.keeping import count_unsent, list_outbox, purge, queue_lost
from src.notifications.service.sending import deliver
from src.notifications.service.writing import send_mail, send_sms

__all__ = [
    "count_unsent",
    "deliver",
    "list_outbox",
    "purge",
    "queue_lost",
    "send_mail",
    "send_sms",
]
