package org.heliograph.android.state

import java.text.Normalizer

/** Text kept before the first match, so that it is seen in its sentence. */
private const val LEAD: Int = 40

/** The part of [text] from shortly before the first word of [query], and where its words stand in that part. */
internal fun excerpt(text: String, query: String): Pair<String, List<IntRange>> {
    val words = words(fold(query)).map { fold(query).substring(it) }.filter { it.isNotEmpty() }.toSet()
    val folded = fold(text)
    val marks = words(folded).mapNotNull { word ->
        val here = folded.substring(word)
        words.filter(here::startsWith).maxByOrNull { it.length }?.let { word.first until word.first + it.length }
    }
    val first = marks.firstOrNull()?.first ?: 0
    if (first <= LEAD) return text to marks
    val cut = text.indexOf(' ', first - LEAD).takeIf { it in 0 until first }?.plus(1) ?: first
    return "…" + text.substring(cut) to marks.map { (it.first - cut + 1)..(it.last - cut + 1) }
}

private fun words(text: String): List<IntRange> {
    val found = mutableListOf<IntRange>()
    var start = -1
    for (index in 0..text.length) {
        val inWord = index < text.length && (text[index].isLetterOrDigit() || text[index].isSurrogate())
        if (inWord && start < 0) start = index
        if (!inWord && start >= 0) {
            found += start until index
            start = -1
        }
    }
    return found
}

/** Letters as the core compares them, one for one: lower case, without accents. */
private fun fold(text: String): String = buildString(text.length) {
    for (char in text) {
        val bare = Normalizer.normalize(char.toString(), Normalizer.Form.NFD).first()
        append(bare.lowercaseChar())
    }
}
