package org.heliograph

/** The first code points whose UTF-8 has two, three and four bytes (RFC 3629 §3). */
private const val TWO_BYTES = 0x80
private const val THREE_BYTES = 0x800
private const val FOUR_BYTES = 0x10000

/**
 * Messages that hold all words of the query (the last one may be the beginning of a word), newest first; everywhere, or
 * [within] one conversation. Any text is a valid query. Each tells where the words stand: [textRanges],
 * [excerptRanges].
 */
public suspend fun Heliograph.search(
    query: String,
    within: ConversationId? = null,
    limit: Int = 50,
): Outcome<List<SearchHit>> = attempt { core.search(query, within?.number, limit.toCount()) }

/**
 * Where in the text of [SearchHit.message] the words of the query stand, by the indices of its chars: in order and
 * apart from each other. A word of which only the beginning was asked for is marked whole.
 */
public val SearchHit.textRanges: List<IntRange> get() = message.text.charRanges(marks)

/** The same in [SearchHit.excerpt], the part of the text around the first of them. */
public val SearchHit.excerptRanges: List<IntRange> get() = excerpt.charRanges(excerptMarks)

/** What the core counts in bytes of UTF-8, in chars (UTF-16). The [marks] are in order. */
internal fun String.charRanges(marks: List<TextRange>): List<IntRange> {
    var index = 0
    var bytes = 0u
    fun indexOf(byte: UInt): Int {
        while (bytes < byte && index < length) {
            val character = codePointAt(index)
            bytes += character.utf8Bytes()
            index += Character.charCount(character)
        }
        return index
    }
    return marks.map { mark -> indexOf(mark.start)..<indexOf(mark.end) }
}

private fun Int.utf8Bytes(): UInt = when {
    this < TWO_BYTES -> 1u
    this < THREE_BYTES -> 2u
    this < FOUR_BYTES -> 3u
    else -> 4u
}
