"""What is asked on top of a screen: yes or no, one of several, a text; and the help."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option


class Question(ModalScreen[bool]):
    """Asks yes or no. Only `y` is yes, so that no key that was meant for something else changes anything."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape,q", "answer(False)", "No"),
    ]

    def __init__(self, title: str, sentences: Sequence[str], yes: str) -> None:
        super().__init__()
        self._title = title
        self._sentences = sentences
        self._yes = yes

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self._title, style="bold"))
            yield Static(Text(f"\n{' '.join(self._sentences)}\n"))
            yield Static(keys_text((("y", self._yes), ("n or Esc", "leave it as it is"))))

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class Choice(ModalScreen[int | None]):
    """Asks for one of several; answers its number, None if none is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Leave"),
        Binding("j", "move('down')", "Down"),
        Binding("k", "move('up')", "Up"),
    ]

    def __init__(self, title: str, words: Sequence[Text], at: int = 0) -> None:
        super().__init__()
        self._title = title
        self._words = words
        self._at = at

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self._title, style="bold"))
            yield OptionList(*(Option(words) for words in self._words))
            yield Static(keys_text((("Enter", "choose"), ("Esc", "leave"))))

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = self._at

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    def action_move(self, where: str) -> None:
        options = self.query_one(OptionList)
        (options.action_cursor_down if where == "down" else options.action_cursor_up)()

    def action_leave(self) -> None:
        self.dismiss(None)


class Entry(ModalScreen[str | None]):
    """Asks for a text; answers None if it is left empty."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave", priority=True)]

    def __init__(self, title: str, hint: str) -> None:
        super().__init__()
        self._title = title
        self._hint = hint

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self._title, style="bold"))
            yield Input(placeholder=self._hint, compact=True)
            yield Static(keys_text((("Enter", "open"), ("Esc", "leave"))))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        self.dismiss(None)


class Help(ModalScreen[None]):
    """The keys and the words."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "leave", "Leave")]

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog help"):
            yield Static(self._text)

    def action_leave(self) -> None:
        self.dismiss(None)


def keys_text(keys: Sequence[tuple[str, str]]) -> Text:
    """Keys and what they do, on one line."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for key, does in keys:
        text.append("   " if text else "").append(key, style="bold").append(f" {does}")
    return text
