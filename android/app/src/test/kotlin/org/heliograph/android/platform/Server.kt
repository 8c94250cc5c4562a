package org.heliograph.android.platform

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withTimeoutOrNull
import org.heliograph.AccountConfig
import org.heliograph.Heliograph
import org.heliograph.ServerOverride
import org.heliograph.Store
import org.heliograph.TlsMode
import org.heliograph.getOrThrow
import java.io.File
import kotlin.time.Duration.Companion.seconds

/** The server that the stage started for these tests, and what its variables say of it. */
internal object Server {
    private fun told(name: String) = checkNotNull(System.getenv(name)) { "$name is not set: run the stage `android`" }

    /** How to sign in to an account there. */
    fun account(name: String): AccountConfig {
        val accounts = told("HELIOGRAPH_ACCOUNTS").split(",").associate {
            it.substringBefore(":") to
                it.substringAfter(":")
        }
        val place = told("HELIOGRAPH_SERVER")
        return AccountConfig(
            address = "$name@${told("HELIOGRAPH_DOMAIN")}",
            password = accounts.getValue(name),
            server = ServerOverride(
                host = place.substringBeforeLast(":").trim('[', ']'),
                port = place.substringAfterLast(":").toUShort(),
                tls = TlsMode.START_TLS,
            ),
            extraCaPem = File(told("HELIOGRAPH_CA")).readText(),
        )
    }

    /** Somebody else on another phone, connected. */
    suspend fun contact(name: String, folder: File): Heliograph {
        val store = Store(File(folder, "$name.db").path, ByteArray(Store.KEY_BYTES) { 1 })
        Heliograph.addAccount(store, account(name)).getOrThrow()
        val client = Heliograph.open(store).getOrThrow()
        client.start().getOrThrow()
        client.connection.until { it.caughtUp }
        return client
    }
}

/** How long anything may take before a test fails: far more than it takes, because a busy machine is no mistake. */
internal val DEADLINE = 90.seconds

/** The first value that is as expected. */
internal suspend fun <T : Any> Flow<T>.until(expected: suspend (T) -> Boolean): T {
    var last: T? = null
    val found = withTimeoutOrNull(DEADLINE) {
        first { now ->
            last = now
            expected(now)
        }
    }
    return checkNotNull(found) { "it did not come to that; in the end it was $last" }
}
