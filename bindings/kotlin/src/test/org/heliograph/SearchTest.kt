package org.heliograph

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** Bytes of the core's texts become chars of ours. */
internal class SearchTest {
    private fun marked(text: String, vararg words: String): List<String> {
        var from = 0
        val marks = words.map { word ->
            val start = text.indexOf(word, from)
            from = start + word.length
            TextRange(bytes(text.take(start)), bytes(text.take(from)))
        }
        return text.charRanges(marks).map(text::substring)
    }

    private fun bytes(text: String) = text.encodeToByteArray().size.toUInt()

    @Test
    fun `marks stand at the same words whatever is written around them`() {
        for ((text, words) in listOf(
            "the bridge is open" to listOf("bridge"),
            "\uD83C\uDFD4\uD83C\uDFD4 bridge \uD83D\uDC69\u200D\uD83D\uDE92 bridge" to listOf("bridge", "bridge"),
            "cre\u0301me, cr\u00E8me" to listOf("cre\u0301me", "cr\u00E8me"),
            "\u0627\u0641\u062A\u062A\u062D \u0627\u0644\u062C\u0633\u0631" to listOf("\u0627\u0644\u062C\u0633\u0631"),
            "\u65E5\u672C\u8A9E" to listOf("\u65E5\u672C\u8A9E"),
            "\uD83C\uDFD4" to listOf("\uD83C\uDFD4"),
        )) {
            assertEquals(words, marked(text, *words.toTypedArray()), text)
        }
    }

    @Test
    fun `marks that are in no text mark nothing beyond its end`() {
        assertEquals(listOf(""), "a".charRanges(listOf(TextRange(7u, 9u))).map("a"::substring))
        assertEquals(emptyList<IntRange>(), "a".charRanges(emptyList()))
    }
}
