package org.heliograph

import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration.Companion.microseconds

/** Giving up waiting, at any moment. Needs no connection: what we write ourselves is announced, too. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
internal class CancellingTest {
    private lateinit var eve: Phone
    private var chat = ConversationId(0)

    @BeforeAll
    fun open(@TempDir folder: Path): Unit = runBlocking {
        eve = Phone.add("eve", folder)
        chat = eve.heliograph.startChat(Environment.account("chloe").address).getOrThrow()
    }

    @AfterAll
    fun close(): Unit = runBlocking { eve.heliograph.shutdown().getOrThrow() }

    @Test
    fun `waiting with a limit loses nothing`(): Unit = runBlocking(Dispatchers.Default) {
        val random = Random(SEED)
        eve.heliograph.messageFeed().getOrThrow().use { feed ->
            val (got, givenUp) = LinkedHashSet<String>() to AtomicInteger()
            // A fast machine may have the next text ready before most limits: so many are sent that enough waits are given up.
            val sending = async {
                var sent = 0
                while (givenUp.get() < WAITS_GIVEN_UP) {
                    eve.heliograph.send(chat, "number $sent").getOrThrow()
                    sent += 1
                }
                List(sent) { "number $it" }
            }
            withTimeout(DEADLINE) {
                while (!sending.isCompleted || got.size < sending.await().size) {
                    val limit = random.nextLong(LONGEST_WAIT_MICROSECONDS).microseconds
                    if (withTimeoutOrNull(limit) { feed.ready().getOrThrow() } == null) givenUp.incrementAndGet()
                    got += feed.take(max = 1 + random.nextInt(3)).map { it.text }.filter { it.startsWith("number ") }
                }
            }
            assertEquals(sending.await(), got.toList())
        }
    }

    @Test
    fun `a timeline that is looked at for moments only ends up whole`(): Unit = runBlocking(Dispatchers.Default) {
        val random = Random(SEED)
        eve.heliograph.timeline(chat, page = 5).getOrThrow().use { timeline ->
            val before = withTimeout(DEADLINE) { timeline.states.first() }
            val sent = mutableListOf<MessageRow>()
            val sending = launch { repeat(MESSAGES) { sent += eve.heliograph.send(chat, "text $it").getOrThrow() } }
            while (sending.isActive) {
                withTimeoutOrNull(random.nextLong(LONGEST_WAIT_MICROSECONDS).microseconds) {
                    timeline.states.collect {}
                }
            }
            val all = before.messages.map { it.row } + sent
            val shown = withTimeout(DEADLINE) { timeline.states.first { it.messages.size >= all.size } }
            assertEquals(all, shown.messages.map { it.row })
        }
    }

    @Test
    fun `a message without a network says so, and can be taken back`(): Unit = runBlocking {
        val row = eve.heliograph.send(chat, "never mind").getOrThrow()
        eve.heliograph.timeline(chat).getOrThrow().use { timeline ->
            withTimeout(DEADLINE) { timeline.states.first { state -> state.messages.any { it.row == row } } }
            val delivery = eve.heliograph.delivery(row).getOrThrow()
            assertEquals(0u to DeliveryState.QUEUED, delivery.attempts to delivery.message.state)
            assertTrue(delivery.waitingFor != null && delivery.advice.isNotEmpty())
            val refused = eve.heliograph.sendAgain(row) as Outcome.Failed
            assertEquals(FailureCode.INVALID_ARGUMENT, refused.failure.code)
            eve.heliograph.discard(row).getOrThrow()
            withTimeout(DEADLINE) { timeline.states.first { state -> state.messages.none { it.row == row } } }
        }
    }

    @Test
    fun `what was asked for is done although nobody waits`(): Unit = runBlocking(Dispatchers.Default) {
        repeat(CALLS) { number ->
            // Undispatched: it has called the core when it is cancelled.
            val call = launch(start = CoroutineStart.UNDISPATCHED) { eve.heliograph.send(chat, "call $number") }
            call.cancel()
            call.join()
        }
        eve.heliograph.timeline(chat).getOrThrow().use { timeline ->
            val texts = List(CALLS) { "call $it" }
            withTimeout(DEADLINE) {
                timeline.states.first { state -> state.messages.map { it.text }.containsAll(texts) }
            }
        }
    }

    @Test
    fun `subscribing and giving up leaves nothing behind`(): Unit = runBlocking(Dispatchers.Default) {
        repeat(WARM_UP) { subscribeAndGiveUp(it) }
        val before = Traces.now()
        repeat(ROUNDS) { subscribeAndGiveUp(it) }
        withTimeout(DEADLINE) {
            // Threads that are done with a wait may be a moment from saying so.
            while (Traces.now().waitsInTheBindings > before.waitsInTheBindings) yield()
            while (eve.heliograph.core.tasks() > OWN_TASKS) yield()
        }
        val after = Traces.now()
        assertTrue(after.descriptors <= before.descriptors + DESCRIPTORS_OPENED_LATE, "$after, before $before")
        assertEquals(before, after.copy(descriptors = before.descriptors))
    }

    /** Each kind of subscription in turn, given up while it waits. */
    private suspend fun subscribeAndGiveUp(round: Int) = coroutineScope {
        val heliograph = eve.heliograph
        val waiting = launch(start = CoroutineStart.UNDISPATCHED) {
            when (round % 5) {
                0 -> heliograph.messages.collect {}
                1 -> heliograph.conversations.collect {}
                2 -> heliograph.connection.collect {}
                3 -> heliograph.push.collect {}
                else -> heliograph.timeline(chat, page = 1).getOrThrow().use { it.states.collect {} }
            }
        }
        // At another place each time: some before they have subscribed, some long after.
        repeat(round % 7) { yield() }
        if (round % 3 == 0) delay(1)
        waiting.cancel()
        waiting.join()
    }

    private companion object {
        const val SEED = 2027
        const val MESSAGES = 300
        const val WAITS_GIVEN_UP = 60
        const val CALLS = 50
        const val WARM_UP = 100
        const val ROUNDS = 10_000

        /** Tasks of a client that is not connected and that nobody asks anything: the one that drives the engine. */
        const val OWN_TASKS: ULong = 1u

        /** Two files for each of the store's connections for reading, which are opened when they are needed first. */
        const val DESCRIPTORS_OPENED_LATE = 4

        /** Less than a message takes to be written on most machines, so that many waits end in vain. */
        const val LONGEST_WAIT_MICROSECONDS = 3_000L
    }
}
