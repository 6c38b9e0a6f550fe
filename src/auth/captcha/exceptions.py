"""What can go wrong with a CAPTCHA."""

from src.auth.captcha.constants import ErrorCode
from src.exceptions import PermissionDenied


class CaptchaRequired(PermissionDenied):
    code = ErrorCode.CAPTCHA_REQUIRED
    message = "Solve the CAPTCHA, and send what it gives as `captcha_token`. Each serves once."
