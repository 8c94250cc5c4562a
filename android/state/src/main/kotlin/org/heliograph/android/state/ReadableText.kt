package org.heliograph.android.state

private const val DIRECTION_CONTROLS = "\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069"

/** What others wrote, without control characters that would draw nothing or turn the writing around. */
internal fun readable(text: String): String =
    text.filterNot { (it.isISOControl() && it != '\n' && it != '\t') || it in DIRECTION_CONTROLS }

/** The same on one line. */
internal fun readableLine(text: String): String = readable(text).replace(Regex("\\s+"), " ").trim()
