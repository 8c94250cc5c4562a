package org.heliograph

import kotlinx.coroutines.CancellationException
import org.heliograph.ffi.HeliographException
import org.heliograph.ffi.InternalException

/**
 * What a call came to. Failing is part of a life on bad networks, so it is a value that the compiler makes an app look
 * at, and no exception:
 *
 * ```
 * when (val sent = heliograph.send(chat, text)) {
 *     is Outcome.Done -> show(sent.value)
 *     is Outcome.Failed -> explain(sent.failure)
 * }
 * ```
 */
public sealed interface Outcome<out T> {
    /**
     * It was done.
     *
     * @property value what it brought
     */
    public data class Done<out T>(public val value: T) : Outcome<T>

    /**
     * It failed.
     *
     * @property failure why; decide by its [Failure.code]
     */
    public data class Failed(public val failure: Failure) : Outcome<Nothing>
}

/**
 * What a [kotlinx.coroutines.flow.Flow] of this library, or [getOrThrow], throws. Holds nothing private.
 *
 * @property failure why; decide by its [Failure.code]
 */
public class FailureException(public val failure: Failure) : Exception("${failure.name}: ${failure.detail}")

/** The value, or `null` where it failed. */
public fun <T> Outcome<T>.getOrNull(): T? = when (this) {
    is Outcome.Done -> value
    is Outcome.Failed -> null
}

/** The value, where failing would be a mistake of the program. */
public fun <T> Outcome<T>.getOrThrow(): T = when (this) {
    is Outcome.Done -> value
    is Outcome.Failed -> throw FailureException(failure)
}

/** The value, or what [recover] makes of the failure. Inline, so that [recover] may return from the caller. */
public inline fun <T> Outcome<T>.getOrElse(recover: (Failure) -> T): T = when (this) {
    is Outcome.Done -> value
    is Outcome.Failed -> recover(failure)
}

/** The same outcome with another value. */
public inline fun <T, R> Outcome<T>.map(transform: (T) -> R): Outcome<R> = when (this) {
    is Outcome.Done -> Outcome.Done(transform(value))
    is Outcome.Failed -> this
}

/** Calls the core. Whoever is cancelled meanwhile is cancelled: that is no failure. */
internal inline fun <T> attempt(call: () -> T): Outcome<T> = try {
    Outcome.Done(call())
} catch (cancelled: CancellationException) {
    throw cancelled
} catch (thrown: HeliographException.Failed) {
    Outcome.Failed(with(thrown) { Failure(code, name, transient, advice, detail) })
} catch (thrown: InternalException) {
    Outcome.Failed(panicked(thrown))
} catch (thrown: IllegalStateException) {
    // The generated code's answer to a call on an object that was closed.
    Outcome.Failed(closed(thrown))
}

// Neither text below comes from the core, because the core was not reached, or fell over.

@PublishedApi
internal fun panicked(thrown: InternalException): Failure = Failure(
    code = FailureCode.INTERNAL,
    name = "internal",
    transient = false,
    advice = "A fault in Heliograph: please report it.",
    detail = "the core panicked (${thrown.javaClass.simpleName})",
)

internal fun closed(thrown: IllegalStateException): Failure = Failure(
    code = FailureCode.CLOSED,
    name = "closed",
    transient = false,
    advice = "This was closed already.",
    detail = "used after it was closed (${thrown.javaClass.simpleName})",
)
