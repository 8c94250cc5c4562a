package org.heliograph

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * A subscription that is pulled: [ready] waits, [take] fetches. For those who wait with a limit and can't afford to
 * lose anything; everybody else has a [Flow].
 *
 * ```
 * withTimeoutOrNull(30.seconds) { feed.ready() }
 * for (message in feed.take(max = 50)) …
 * ```
 *
 * Waiting may be given up at any moment. What was announced stays in the feed until it is taken, and taking can't be
 * interrupted. Closing it frees what it holds; waiting then fails with [FailureCode.CLOSED].
 */
public class Feed<out T> internal constructor(private val source: Source<T>) : AutoCloseable {
    /** Waits until there is something to [take]. Waits through a suspension of the client. */
    public suspend fun ready(): Outcome<Unit> = attempt { source.ready() }

    /** At most [max] of what is there, nothing if there is nothing; does not wait. */
    public fun take(max: Int = BATCH): List<T> = attempt { source.take(max.toCount()) }.getOrElse { emptyList() }

    /** Ends the subscription. */
    override fun close() {
        source.close()
    }

    /** What the generated subscriptions have in common, which the generator has no word for. */
    internal interface Source<out T> : AutoCloseable {
        suspend fun ready()

        fun take(max: UInt): List<T>
    }

    /** Limits of feeds. */
    public companion object {
        /** What is taken at once if nothing else is said: a screen or two. */
        public const val BATCH: Int = 64
    }
}

/**
 * What a feed brings, as long as somebody collects. Ends when the client is shut down, and with a [FailureException]
 * where reading fails.
 */
internal fun <T> pulled(subscribe: suspend () -> Outcome<Feed<T>>): Flow<List<T>> = flow {
    val subscription = subscribe().untilClosed() ?: return@flow
    subscription.use { feed ->
        while (feed.ready().untilClosed() != null) {
            val taken = feed.take()
            if (taken.isNotEmpty()) emit(taken)
        }
    }
}

/** `null` where there is nothing to wait for any more. */
internal fun <T : Any> Outcome<T>.untilClosed(): T? = getOrElse { failure ->
    if (failure.code == FailureCode.CLOSED) null else throw FailureException(failure)
}

/** As the core takes numbers of things: what makes no sense there is refused there. */
internal fun Int.toCount(): UInt = coerceAtLeast(0).toUInt()
