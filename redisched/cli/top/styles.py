"""How the screens are laid out. Colours are those of the terminal, and the cursor is seen without any."""

STYLES = """
Screen { background: ansi_default; color: ansi_default; }
Static { background: ansi_default; height: auto; }
#pulse { height: 1; }
#keys { height: 1; dock: bottom; }
#body { height: 1fr; }
#wrong { height: auto; max-height: 4; }
#sums, #more, #shelves { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
#facts { text-wrap: nowrap; text-overflow: ellipsis; max-height: 5; }
#shelves { margin-top: 1; }
#task { width: 1fr; }
#scroll { height: 1fr; scrollbar-size-vertical: 1; }

RowTable { background: ansi_default; height: 1fr; overflow-x: hidden; scrollbar-gutter: stable;
    scrollbar-size-vertical: 1; margin-top: 1; background-tint: ansi_default 0%; }
#queues { height: auto; min-height: 3; max-height: 60%; }
#workers { min-height: 3; }
RowTable:focus { background-tint: ansi_default 0%; }
RowTable > .datatable--header { background: ansi_default; color: ansi_default; text-style: bold underline; }
RowTable:focus > .datatable--header { background: ansi_default; background-tint: ansi_default 0%; }
RowTable > .datatable--cursor, RowTable > .datatable--hover, RowTable > .datatable--even-row {
    background: ansi_default; color: ansi_default; text-style: none; }
RowTable:focus > .datatable--cursor { background: ansi_default; color: ansi_default; text-style: reverse; }

ModalScreen { align: center middle; background: transparent; }
.dialog { width: 64; max-width: 100%; height: auto; max-height: 100%; border: round ansi_default; padding: 0 1;
    background: ansi_default; }
.dialog.help { width: 78; }
.dialog OptionList { height: auto; max-height: 14; border: none; background: ansi_default; padding: 0;
    scrollbar-size-vertical: 1; }
.dialog OptionList:focus { border: none; background-tint: ansi_default 0%; }
.dialog OptionList > .option-list--option-highlighted { background: ansi_default; color: ansi_default;
    text-style: reverse; }
.dialog Input { background: ansi_default; color: ansi_default; margin: 1 0; }
Toast { background: ansi_default; border: round ansi_default; padding: 0 1; width: auto; max-width: 76; }
"""
