"""What can go wrong, said in a sentence a person can act on."""


class StudioError(Exception):
    """A failure with a plain sentence and a hint what to do; its text is shown to people as it is."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class BadInput(StudioError):
    """What was handed in cannot be used: the person has to change it."""


class ChangedData(BadInput):
    """The images are not those that a run began with; whoever asked can accept that."""


class UnreadableImage(BadInput):
    """A file that is no image we can decode; ``reason`` is the short cause ("truncated JPEG")."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path} cannot be read: {reason}.", "Replace the file or take it out of the folder."
        )
        self.path = path
        self.reason = reason


class Stopped(Exception):
    """Raised inside a long task when its control was told to stop."""
