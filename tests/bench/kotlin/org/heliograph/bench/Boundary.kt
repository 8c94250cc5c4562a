package org.heliograph.bench

import kotlinx.coroutines.runBlocking
import org.heliograph.ffi.AccountConfig
import org.heliograph.ffi.HeliographClient
import org.heliograph.ffi.Message
import org.heliograph.ffi.ServerOverride
import org.heliograph.ffi.TlsMode
import org.heliograph.ffi.addAccount
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.DurationUnit
import kotlin.time.measureTime

/** Messages of a page: a screen or two. */
private const val PAGE = 50

/** Rounds that are not counted, in which the virtual machine compiles what is used. */
private const val WARM_UP = 100

/** Rounds that are counted. */
private const val ROUNDS = 101

/** Part of the time of one call per message that a page may take. */
private const val AIM = 0.1

/** Length of a database key in bytes. */
private const val KEY_BYTES = 32

/**
 * What a page of messages costs on its way from the core to Kotlin, beside one call for each message: see
 * `tests/bench/README.md`. Needs a server, as the tests do, and a folder.
 */
internal fun main(arguments: Array<String>): Unit = runBlocking {
    val path = Path.of(arguments.single(), "boundary.db").toString()
    addAccount(path, ByteArray(KEY_BYTES), account())
    val client = HeliographClient.open(path, ByteArray(KEY_BYTES))
    val chat = client.startChat("nobody@example.org")
    client.write(chat)
    println("A page of $PAGE messages from the core to Kotlin; median of $ROUNDS interleaved rounds")
    compare("read from the database") { size -> client.read(chat, size) }
    compare("announced, and taken from the feed") { size -> client.take(chat, size) }
    client.shutdown()
}

/** The newest messages of a conversation, [size] with each call. */
private suspend fun HeliographClient.read(chat: Long, size: Int): Duration = timeline(chat).use { timeline ->
    val messages = mutableListOf<Message>()
    val time = measureTime {
        messages += timeline.snapshot(size.toUInt()).messages
        while (messages.size < PAGE) messages += timeline.earlier(size.toUInt()).messages
    }
    check(messages.distinctBy { it.row }.size == PAGE)
    time
}

/** Messages that the core holds ready, [size] with each call. Neither database nor coroutine is in the way of these. */
private suspend fun HeliographClient.take(chat: Long, size: Int): Duration = allMessages().use { feed ->
    write(chat)
    feed.ready()
    val messages = mutableListOf<Message>()
    val time = measureTime {
        while (messages.size < PAGE) messages += feed.take(size.toUInt()).also { check(it.isNotEmpty()) }
    }
    check(messages.distinctBy { it.row }.size == PAGE)
    time
}

private suspend fun HeliographClient.write(chat: Long) {
    repeat(PAGE) { send(chat, "$it: the bridge is open again, bring water for two and the long rope") }
}

/** Both ways in turn, with the same work. */
private suspend fun compare(name: String, fetch: suspend (size: Int) -> Duration) {
    repeat(WARM_UP) { for (size in listOf(PAGE, 1)) fetch(size) }
    val pairs = List(ROUNDS) { fetch(PAGE) to fetch(1) }
    val ratios = pairs.map { (page, single) -> page / single }.sorted()
    val ratio = ratios[ROUNDS / 2]
    println(
        "  %-36s one call %7.1f µs, %d calls %8.1f µs: %.3f (%.3f to %.3f) of it; aim ≤ %.1f: %s".format(
            name,
            median(pairs.map { it.first }),
            PAGE,
            median(pairs.map { it.second }),
            ratio,
            ratios.first(),
            ratios.last(),
            AIM,
            if (ratio <= AIM) "met" else "missed",
        ),
    )
}

private fun median(times: List<Duration>): Double = times.sorted()[times.size / 2].toDouble(DurationUnit.MICROSECONDS)

/** The first account of the server that the runner has started. */
private fun account(): AccountConfig {
    fun told(name: String) = checkNotNull(System.getenv(name)) { "$name is not set" }
    val (name, password) = told("HELIOGRAPH_ACCOUNTS").substringBefore(",").split(":", limit = 2)
    val server = told("HELIOGRAPH_SERVER")
    return AccountConfig(
        address = "$name@${told("HELIOGRAPH_DOMAIN")}",
        password = password,
        server = ServerOverride(
            server.substringBeforeLast(":"),
            server.substringAfterLast(":").toUShort(),
            TlsMode.START_TLS,
        ),
        extraCaPem = Files.readString(Path.of(told("HELIOGRAPH_CA"))),
    )
}
