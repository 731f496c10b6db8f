from django.db import models


class RevokedToken(models.Model):
    """A sign-in that was ended before its time: its tokens are refused until they would have been over anyway."""

    jti = models.CharField(max_length=32, primary_key=True)
    refresh_exp = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.jti
