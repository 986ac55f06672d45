"""The short names of emoji that bots and responders use most, and the characters that they stand for.

Slack knows thousands; a name that is not here is shown as it was typed, between its colons.
"""

from __future__ import annotations

_TABLE = """
fire 🔥|rotating_light 🚨|warning ⚠️|white_check_mark ✅|heavy_check_mark ✔️|x ❌|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|
hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️|alarm_clock ⏰|timer_clock ⏲️|clock1 🕐|calendar 📅|spiral_calendar_pad 🗓️|
large_green_circle 🟢|large_yellow_circle 🟡|large_orange_circle 🟠|red_circle 🔴|large_blue_circle 🔵|white_circle ⚪|black_circle ⚫|
large_green_square 🟩|large_yellow_square 🟨|large_orange_square 🟧|large_red_square 🟥|white_large_square ⬜|black_large_square ⬛|
arrow_forward ▶️|fast_forward ⏩|double_vertical_bar ⏸️|black_square_for_stop ⏹️|repeat 🔁|arrows_counterclockwise 🔄|
leftwards_arrow_with_hook ↩️|arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️|arrow_down ⬇️|arrow_upper_right ↗️|arrow_lower_right ↘️|
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|mag 🔍|mag_right 🔎|microscope 🔬|test_tube 🧪|
memo 📝|page_facing_up 📄|bookmark_tabs 📑|books 📚|book 📖|scroll 📜|clipboard 📋|pushpin 📌|round_pushpin 📍|paperclip 📎|
link 🔗|lock 🔒|unlock 🔓|closed_lock_with_key 🔐|key 🔑|shield 🛡️|hammer 🔨|wrench 🔧|hammer_and_wrench 🛠️|gear ⚙️|toolbox 🧰|
robot_face 🤖|eyes 👀|speech_balloon 💬|thought_balloon 💭|mega 📣|loudspeaker 📢|bell 🔔|no_bell 🔕|telephone_receiver 📞|pager 📟|
bulb 💡|zap ⚡|boom 💥|bug 🐛|construction 🚧|rocket 🚀|package 📦|truck 🚚|shopping_trolley 🛒|dart 🎯|trophy 🏆|tada 🎉|
+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|ok_hand 👌|wave 👋|clap 👏|raised_hands 🙌|pray 🙏|muscle 💪|point_right 👉|point_up ☝️|hand ✋|
raised_hand ✋|raising_hand 🙋|bust_in_silhouette 👤|busts_in_silhouette 👥|man-firefighter 👨‍🚒|firefighter 🧑‍🚒|fire_engine 🚒|
heart ❤️|broken_heart 💔|sparkles ✨|star ⭐|100 💯|question ❓|grey_question ❔|exclamation ❗|grey_exclamation ❕|bangbang ‼️|
information_source ℹ️|new 🆕|sos 🆘|ok 🆗|recycle ♻️|snowflake ❄️|ice_cube 🧊|umbrella ☔|sunny ☀️|cloud ☁️|ocean 🌊|coffee ☕|
smile 😄|slightly_smiling_face 🙂|grinning 😀|joy 😂|thinking_face 🤔|sweat_smile 😅|cry 😢|sob 😭|scream 😱|face_with_monocle 🧐|
one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|globe_with_meridians 🌐|compass 🧭|earth_africa 🌍|computer 💻|floppy_disk 💾|file_cabinet 🗄️|
card_file_box 🗃️|wastebasket 🗑️|inbox_tray 📥|outbox_tray 📤|email 📧|label 🏷️|money_with_wings 💸|moneybag 💰|dollar 💵|house 🏠
"""  # noqa: RUF001  the information sign is one of them

CHARACTERS: dict[str, str] = {
    name: character
    for name, _, character in (entry.strip().rpartition(" ") for entry in _TABLE.split("|"))
    if name
}


def show(name: str) -> str:
    """The character, or the name between colons."""
    return CHARACTERS.get(name, f":{name}:")
