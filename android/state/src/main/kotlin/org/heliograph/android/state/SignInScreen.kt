package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import org.heliograph.AccountConfig
import org.heliograph.Failure
import org.heliograph.FailureCode
import org.heliograph.FailureException
import org.heliograph.ServerCertificate
import org.heliograph.ServerOverride
import org.heliograph.getOrThrow

/** See [SignInScreen]. */
public data class SignInState(
    /** The server is being asked. */
    val busy: Boolean = false,
    /** The server shows this certificate, which is refused for its `problem`. */
    val certificate: ServerCertificate? = null,
    /** Why it did not work. */
    val failure: Failure? = null,
    /** An address that a link or a QR code brought, to be put into its field. */
    val linked: String? = null,
) {
    /** Whether the user's word for its key helps. */
    val mayTrust: Boolean get() = certificate?.confirmable == true
}

/** Where to connect to, for servers that DNS does not know. */
public data class ServerPlace(
    /** Host name or IP address. */
    val host: String,
    /** TCP port, as typed; the usual one if empty. What is no port is told, and not guessed. */
    val port: String,
    /** A certificate authority of the server's own, in PEM; empty for none. */
    val authority: String = "",
)

/** Signing in to an account. Holds the password only while the server is asked or the user is. */
public class SignInScreen(private val accounts: Accounts, parent: CoroutineScope) :
    Screen<SignInState>(parent, SignInState()) {
    private var asked: AccountConfig? = null
    private var work: Job? = null

    /** Signs in. If the server's certificate is refused, the state has it, and [cancel] or [trust] goes on. */
    public fun signIn(address: String, password: String, place: ServerPlace? = null) {
        if (state.value.busy) return
        begin {
            val authority = place?.authority?.trim().orEmpty().ifEmpty { null }
            AccountConfig(address, password, place?.let { server(it) }, extraCaPem = authority)
        }
    }

    /** The user has compared the fingerprint and trusts the key that was shown. */
    public fun trust() {
        val config = asked ?: return
        val certificate = state.value.certificate?.takeIf { state.value.mayTrust } ?: return
        begin { config.copy(trustedKey = certificate.keyPin) }
    }

    /** Stops whatever goes on. */
    public fun cancel() {
        work?.cancel()
        asked = null
        change { SignInState() }
    }

    /** Takes an address from a link or a QR code. */
    public fun link(text: String) {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            val contact = accounts.readAddress(text).getOrThrow()
            change { it.copy(linked = contact.address, failure = null) }
        }
    }

    private fun begin(configuration: suspend () -> AccountConfig) {
        change { it.copy(busy = true, failure = null, certificate = null) }
        work = attempt({ _, failure -> SignInState(failure = failure) }) { add(configuration()) }
    }

    private suspend fun server(place: ServerPlace): ServerOverride? {
        if (place.host.isBlank() && place.port.isBlank()) return null
        return accounts.readServer(place.host, place.port).getOrThrow()
    }

    private suspend fun add(config: AccountConfig) {
        try {
            accounts.add(config).getOrThrow()
            asked = null
            change { SignInState() }
        } catch (exception: FailureException) {
            val mayAsk = config.trustedKey == null && exception.failure.code == FailureCode.CERTIFICATE_REJECTED
            if (!mayAsk) throw exception
            val certificate = accounts.inspect(config).getOrThrow()
            // Refused a moment ago and believed now, as where a hotel's network has answered: nothing to ask.
            if (certificate.problem == null) throw exception
            asked = config
            change { it.copy(busy = false, certificate = certificate) }
        }
    }
}
