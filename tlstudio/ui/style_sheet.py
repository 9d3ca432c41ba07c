"""The rules of the application's one style sheet, filled in with the tokens of a scheme."""

from string import Template

from tlstudio.ui.tokens import Radius, Size, Space, Tokens, Type


def build(tokens: Tokens, images: dict[str, str]) -> str:
    """The style sheet for ``tokens``; ``images`` are the files of arrows and ticks by name."""
    values = {name: value for name, value in vars(tokens).items() if isinstance(value, str)}
    values |= {f"space_{step.name.lower()}": f"{step}px" for step in Space}
    values |= {f"radius_{radius.name.lower()}": f"{radius}px" for radius in Radius}
    values |= {f"type_{size.name.lower()}": f"{size}px" for size in Type}
    values |= {f"size_{size.name.lower()}": f"{size}px" for size in Size}
    values |= {f"image_{name}": f'url("{path}")' for name, path in images.items()}
    return Template(_RULES).substitute(values)


_TEXT = """
QLabel { background: transparent; }
QLabel[role="title"] { font-size: $type_title; font-weight: 600; }
QLabel[role="section"] { font-size: $type_section; font-weight: 600; }
QLabel[role="lead"] { font-size: $type_lead; font-weight: 600; }
QLabel[role="caption"] { font-size: $type_caption; color: $quiet; }
QLabel[role="quiet"] { color: $quiet; }
QLabel[role="number"] { font-size: $type_lead; font-weight: 600; }
QLabel[role="error"] { color: $error_text; }
QLabel[role="alert"] { color: $warning; font-weight: 600; }
QLabel[role="sentence"] { font-size: $type_lead; color: $quiet; }
QLabel:disabled { color: $quiet; }
QToolTip {
    background: $raised; color: $text; border: $size_line solid $line; padding: $space_xs $space_s;
}
"""

_FRAMES = """
QFrame[role="card"] { background: $surface; border: $size_line solid $line; border-radius: $radius_card; }
QFrame[role="well"] { background: $faint; border: none; border-radius: $radius_card; }
QFrame[role="loud"] {
    background: $surface; border: $size_line solid $warning; border-radius: $radius_card;
}
QFrame[role="banner"] {
    background: $surface; border: $size_line solid $error; border-radius: $radius_card;
}
QFrame[role="drop"] {
    background: transparent; border: $size_focus dashed $control_line; border-radius: $radius_card;
}
QFrame[role="drop"]:focus, QFrame[role="drop"][over="true"] {
    border-color: $accent; background: $selected;
}
QFrame[role="rail"] { background: $surface; border: none; border-right: $size_line solid $line; }
QFrame[role="strip"] { background: $surface; border: none; border-top: $size_line solid $line; }
QFrame[role="rule"] { background: $line; border: none; max-height: $size_line; min-height: $size_line; }
QScrollArea, QScrollArea > QWidget > QWidget[role="scrolled"] { background: transparent; border: none; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $line; border-radius: $size_focus; }
"""

_BUTTONS = """
QPushButton, QToolButton {
    background: $raised; color: $text; border: $size_line solid $control_line;
    border-radius: $radius_control; padding: 0 $space_m; min-height: 30px;
}
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed, QPushButton:checked, QToolButton:checked { background: $pressed; }
QPushButton:focus, QToolButton:focus { border: $size_focus solid $accent; padding: 0 11px; min-height: 28px; }
QPushButton:disabled, QToolButton:disabled { color: $quiet; background: $faint; border-color: $line; }
QPushButton[kind="main"] {
    background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; padding: 0 $space_l;
}
QPushButton[kind="main"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[kind="main"]:focus { border: $size_focus solid $text; padding: 0 15px; }
QPushButton[kind="main"]:disabled { background: $faint; color: $quiet; border-color: $line; }
QPushButton[kind="quiet"], QToolButton[kind="quiet"], QPushButton[kind="row"] {
    background: transparent; border: $size_line solid transparent; padding: 0 $space_s;
}
QPushButton[kind="row"] { text-align: left; font-weight: 600; padding: 0 $space_xs; }
QPushButton[kind="quiet"]:hover, QToolButton[kind="quiet"]:hover, QPushButton[kind="row"]:hover {
    background: $hover;
}
QPushButton[kind="quiet"]:focus, QToolButton[kind="quiet"]:focus {
    border: $size_focus solid $accent; padding: 0 7px;
}
QPushButton[kind="row"][alert="true"] { color: $warning; }
QPushButton[kind="row"]:focus { border: $size_focus solid $accent; padding: 0 3px; }
QPushButton[kind="quiet"]:checked { background: $selected; color: $text; }
QPushButton[kind="quiet"]:disabled { color: $quiet; }
QPushButton[kind="tight"] { padding: 0 $space_s; }
QPushButton[kind="tight"]:focus { padding: 0 7px; }
QPushButton[kind="danger"] { color: $error_text; border-color: $error; }
QPushButton[kind="danger"]:hover { background: $hover; }
QPushButton[kind="danger"]:disabled { color: $quiet; background: $faint; border-color: $line; }
QToolButton[kind="small"], QPushButton[kind="small"] {
    background: transparent; border: $size_line solid transparent; padding: 0; border-radius: $space_xs;
    min-height: 22px; min-width: 22px;
}
QToolButton[kind="small"]:hover, QPushButton[kind="small"]:hover { background: $hover; }
QToolButton[kind="small"]:focus, QPushButton[kind="small"]:focus {
    border: $size_focus solid $accent; min-height: 20px; min-width: 20px;
}
QPushButton::menu-indicator {
    image: $image_down; subcontrol-position: right center; right: $space_s;
    width: 14px; height: 14px;
}
QPushButton[menu="true"] { padding-right: $space_xl; }
QToolButton::menu-indicator { image: none; }
"""

_FIELDS = """
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
    background: $surface; color: $text; border: $size_line solid $control_line;
    border-radius: $radius_control; selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox { padding: 0 $space_s; min-height: 30px; }
QLineEdit[role="cell"], QLineEdit[role="cell"]:focus {
    padding: 0; min-height: 0; border-radius: $space_xs; font-size: $type_caption;
}
QPlainTextEdit, QTextEdit { padding: $space_xs; }
QLineEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover { border-color: $quiet; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
    border: $size_focus solid $accent; padding: 0 7px; min-height: 28px;
}
QPlainTextEdit:focus, QTextEdit:focus { border: $size_focus solid $accent; padding: 3px; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
    background: $faint; color: $quiet; border-color: $line;
}
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus, QComboBox QLineEdit, QComboBox QLineEdit:focus {
    background: transparent; border: none; padding: 0; min-height: 0;
}
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus { padding-left: $space_xs; }
QSpinBox, QDoubleSpinBox { padding: 0 22px 0 $space_xs; max-height: 30px; }
QSpinBox:focus, QDoubleSpinBox:focus { padding: 0 21px 0 3px; max-height: 28px; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {
    border: none; background: transparent; width: 20px; subcontrol-origin: border;
}
QSpinBox::up-button, QDoubleSpinBox::up-button { subcontrol-position: top right; margin: 2px 2px 0 0; }
QSpinBox::down-button, QDoubleSpinBox::down-button { subcontrol-position: bottom right; margin: 0 2px 2px 0; }
QSpinBox::up-button:hover, QDoubleSpinBox::up-button:hover,
QSpinBox::down-button:hover, QDoubleSpinBox::down-button:hover { background: $hover; border-radius: 3px; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: $image_up; width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: $image_down; width: 10px; height: 10px; }
QComboBox::drop-down { border: none; width: 26px; subcontrol-position: center right; }
QComboBox::down-arrow { image: $image_down; width: 14px; height: 14px; }
QComboBox QAbstractItemView {
    background: $raised; border: $size_line solid $line; padding: $space_xs; outline: none;
    selection-background-color: $selected; selection-color: $text;
}
QComboBox QAbstractItemView::item { min-height: 28px; padding: 0 $space_s; border-radius: $space_xs; }
QCheckBox, QRadioButton { spacing: $space_s; background: transparent; min-height: 24px; }
QCheckBox::indicator, QRadioButton::indicator, QTreeView::indicator, QListView::indicator {
    width: 16px; height: 16px; border: $size_line solid $control_line; background: $surface;
    border-radius: $space_xs;
}
QRadioButton::indicator { border-radius: 9px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover, QTreeView::indicator:hover {
    border-color: $accent;
}
QCheckBox::indicator:checked, QTreeView::indicator:checked, QListView::indicator:checked {
    background: $accent; border-color: $accent; image: $image_check;
}
QCheckBox::indicator:indeterminate, QTreeView::indicator:indeterminate {
    background: $accent; border-color: $accent; image: $image_some;
}
QRadioButton::indicator:checked { background: $accent; border-color: $accent; image: $image_dot; }
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border: $size_focus solid $accent; }
QCheckBox:focus, QRadioButton:focus { color: $accent; }
QSlider::groove:horizontal { height: 4px; background: $line; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal {
    width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; background: $accent;
}
QSlider::handle:horizontal:focus { border: $size_focus solid $text; width: 10px; height: 10px; }
QProgressBar {
    background: $line; border: none; border-radius: 3px; min-height: 6px; max-height: 6px; color: transparent;
}
QProgressBar::chunk { background: $accent; border-radius: 3px; }
"""

_VIEWS = """
QAbstractItemView { outline: none; }
QListView, QTreeView, QTableView, ThumbnailGrid {
    background: transparent; border: $size_line solid transparent; border-radius: $radius_control;
    selection-background-color: $selected; selection-color: $text;
}
QListView:focus, QTreeView:focus, QTableView:focus, ThumbnailGrid:focus { border-color: $accent; }
QListView::item, QTreeView::item { min-height: 28px; border-radius: $space_xs; }
QListView::item:hover, QTreeView::item:hover { background: $hover; }
QListView::item:selected, QTreeView::item:selected { background: $selected; color: $text; }
QTreeView::branch { background: transparent; }
QTreeView::branch:has-children:closed { image: $image_right; padding: 5px; }
QTreeView::branch:has-children:open { image: $image_down; padding: 5px; }
QTableView { gridline-color: transparent; alternate-background-color: transparent; }
QTableView::item { padding: 0 $space_xs; border-bottom: $size_line solid $line; }
QTableView::item:selected { background: $selected; color: $text; }
QHeaderView { background: transparent; border: none; }
QHeaderView::section {
    background: transparent; color: $quiet; border: none; border-bottom: $size_line solid $line;
    padding: $space_xs; font-size: $type_caption; font-weight: 600;
}
QTabBar { background: transparent; }
QTabBar::tab {
    background: transparent; color: $quiet; border: none; border-bottom: $size_focus solid transparent;
    padding: $space_s $space_m; margin-right: $space_xs; font-weight: 600;
}
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:focus { background: $selected; border-radius: $space_xs; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QTableCornerButton::section { background: transparent; border: none; }
QMenu { background: $raised; border: $size_line solid $line; padding: $space_xs; }
QMenu::item { padding: $space_xs $space_xl $space_xs $space_m; border-radius: $space_xs; min-height: 22px; }
QMenu::item:selected { background: $selected; color: $text; }
QMenu::item:disabled { color: $quiet; }
QMenu::separator { height: $size_line; background: $line; margin: $space_xs $space_s; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 2px; }
QScrollBar::handle { background: $control_line; border-radius: 4px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $quiet; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
"""

_RULES = _TEXT + _FRAMES + _BUTTONS + _FIELDS + _VIEWS
