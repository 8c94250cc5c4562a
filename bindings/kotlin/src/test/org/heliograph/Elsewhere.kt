package org.heliograph

import kotlinx.coroutines.runBlocking

/** A program that opens a store and says what came of it: see [MistakesTest]. */
internal fun main(arguments: Array<String>): Unit = runBlocking {
    val (path, key) = arguments
    val store = Store(path, key.split(",").map { it.toByte() }.toByteArray())
    when (val opened = Heliograph.open(store)) {
        is Outcome.Done -> println("opened").also { opened.value.shutdown().getOrThrow() }
        is Outcome.Failed -> println(opened.failure.code)
    }
}
