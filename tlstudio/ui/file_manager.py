"""Show a file where it lies, in the file manager of the system."""

import sys
from pathlib import Path

from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices

if sys.platform == "darwin":
    WORDS = "Show in Finder"
elif sys.platform == "win32":
    WORDS = "Show in Explorer"
else:
    WORDS = "Show in file manager"


def show_in_folder(path: Path) -> None:
    """Open the folder of ``path`` with the file selected, or at least the folder."""
    shown = False
    if sys.platform == "darwin":
        shown = QProcess.startDetached("open", ["-R", str(path)])[0]
    elif sys.platform == "win32":
        shown = QProcess.startDetached("explorer", ["/select,", str(path)])[0]
    else:
        shown = _ask_desktop(path)
    if not shown:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def _ask_desktop(path: Path) -> bool:
    """By the interface that the file managers of Linux desktops share; False where there is none."""
    try:
        from PySide6.QtDBus import QDBusConnection, QDBusMessage
    except ImportError:
        return False
    name, bus = "org.freedesktop.FileManager1", QDBusConnection.sessionBus()
    services = bus.interface() if bus.isConnected() else None
    if services is None:
        return False
    if name not in (*services.registeredServiceNames().value(), *services.activatableServiceNames().value()):
        return False
    call = QDBusMessage.createMethodCall(name, "/org/freedesktop/FileManager1", name, "ShowItems")
    call.setArguments([[QUrl.fromLocalFile(str(path)).toEncoded().toStdString()], ""])
    return bool(bus.send(call))
