"""A subset of Slack's emoji shortcodes; what is not in it stays as it was typed."""

import re

SHORTCODE = re.compile(r":([a-z0-9_+'-]+):(?::skin-tone-\d:)?")
EMOJI = {
    "+1": "👍", "-1": "👎", "thumbsup": "👍", "thumbsdown": "👎", "wave": "👋", "tada": "🎉", "eyes": "👀",
    "white_check_mark": "✅", "heavy_check_mark": "✔️", "ballot_box_with_check": "☑️", "x": "❌",
    "negative_squared_cross_mark": "❎", "no_entry": "⛔", "no_entry_sign": "🚫", "warning": "⚠️",
    "rotating_light": "🚨",
    "exclamation": "❗", "question": "❓", "information_source": "\u2139\ufe0f", "bulb": "💡", "fire": "🔥",
    "boom": "💥",
    "red_circle": "🔴", "large_green_circle": "🟢", "large_yellow_circle": "🟡", "large_orange_circle": "🟠",
    "large_blue_circle": "🔵", "white_circle": "⚪", "black_circle": "⚫", "large_red_square": "🟥",
    "large_green_square": "🟩", "large_yellow_square": "🟨", "hourglass": "⌛", "hourglass_flowing_sand": "⏳",
    "stopwatch": "⏱️", "alarm_clock": "⏰", "clock1": "🕐", "clock3": "🕒", "calendar": "📆", "date": "📅",
    "lock": "🔒", "unlock": "🔓", "key": "🔑", "shield": "🛡️", "floppy_disk": "💾", "cd": "💿", "package": "📦",
    "file_folder": "📁", "file_cabinet": "🗄️", "card_index_dividers": "🗂️", "bar_chart": "📊", "clipboard": "📋",
    "memo": "📝", "pencil": "📝", "pencil2": "✏️", "mag": "🔍", "gear": "⚙️", "wrench": "🔧", "hammer": "🔨",
    "link": "🔗", "pushpin": "📌", "bookmark": "🔖", "bell": "🔔", "no_bell": "🔕", "inbox_tray": "📥",
    "outbox_tray": "📤", "arrow_down": "⬇️", "arrow_up": "⬆️", "arrow_left": "⬅️", "arrow_right": "➡️",
    "arrow_forward": "▶️", "arrows_counterclockwise": "🔄", "repeat": "🔁", "recycle": "♻️", "wastebasket": "🗑️",
    "star": "⭐", "sparkles": "✨", "zap": "⚡", "rocket": "🚀", "robot_face": "🤖", "ghost": "👻", "skull": "💀",
    "smile": "😄", "slightly_smiling_face": "🙂", "cry": "😢", "thinking_face": "🤔", "pray": "🙏", "clap": "👏",
    "raised_hands": "🙌", "100": "💯", "house": "🏠", "construction": "🚧", "double_vertical_bar": "⏸️",
    "black_square_for_stop": "⏹️", "heavy_plus_sign": "\u2795", "heavy_minus_sign": "\u2796", "small_blue_diamond": "🔹",
}  # fmt: skip


def with_emoji(text: str) -> str:
    """Put emoji in the place of the shortcodes that are known."""
    return SHORTCODE.sub(lambda found: EMOJI.get(found[1], found[0]), text)
