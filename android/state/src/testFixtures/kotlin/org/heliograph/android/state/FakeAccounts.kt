package org.heliograph.android.state

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.update
import org.heliograph.AccountConfig
import org.heliograph.CertificateProblem
import org.heliograph.Contact
import org.heliograph.ContactKind
import org.heliograph.FailureCode
import org.heliograph.Outcome
import org.heliograph.ServerCertificate
import org.heliograph.ServerOverride
import org.heliograph.TlsMode

/** Adds accounts as it is told. */
public class FakeAccounts(initial: Account = Account.None) : Accounts {
    override val account: MutableStateFlow<Account> = MutableStateFlow(initial)

    /** What [add] was asked for. */
    public val added: MutableList<AccountConfig> = mutableListOf()

    /** How [add] ends, in turn; it succeeds when there is none left. */
    public val failures: ArrayDeque<FailureCode> = ArrayDeque()

    /** If set, [add] waits for it. */
    public var gate: CompletableDeferred<Unit>? = null

    /** How often [reopen] was called. */
    public var reopened: Int = 0

    /** Why the certificate that [inspect] shows is refused. */
    public var problem: CertificateProblem? = CertificateProblem.UNKNOWN_ISSUER

    /** What is open after [add]. */
    public val messenger: FakeMessenger = FakeMessenger()

    override fun reopen() {
        reopened += 1
    }

    override fun setAside() {
        account.value = Account.None
    }

    override suspend fun add(config: AccountConfig): Outcome<Unit> {
        added += config
        gate?.await()
        val failure = failures.removeFirstOrNull()
        if (failure != null) return Outcome.Failed(FakeMessenger.failure(failure))
        account.value = Account.Open(messenger)
        return Outcome.Done(Unit)
    }

    override suspend fun inspect(config: AccountConfig): Outcome<ServerCertificate> = Outcome.Done(
        ServerCertificate(
            "AA:BB",
            "the pin",
            "relief.example",
            "relief.example",
            0,
            0,
            trusted = problem == null,
            confirmable = problem == CertificateProblem.UNKNOWN_ISSUER,
            problem = problem,
        ),
    )

    override suspend fun readAddress(text: String): Outcome<Contact> {
        val bare = text.removePrefix("xmpp:")
        val address = bare.substringBefore('?')
        if ('@' !in address) return Outcome.Failed(FakeMessenger.failure(FailureCode.INVALID_ARGUMENT))
        val kind = if (bare.endsWith("?join")) ContactKind.ROOM else ContactKind.ACCOUNT
        return Outcome.Done(Contact(address, kind, address.substringBefore('@'), null))
    }

    override suspend fun readServer(place: String, port: String): Outcome<ServerOverride> {
        val number = port.ifEmpty { "5222" }.toUShortOrNull()
            ?: return Outcome.Failed(FakeMessenger.failure(FailureCode.INVALID_ARGUMENT))
        return Outcome.Done(ServerOverride(place, number, TlsMode.START_TLS))
    }

    override suspend fun log(): Outcome<String> = Outcome.Done("it rained")

    override val version: String get() = "0.1.0"
}

/** Keeps preferences in memory. */
public class FakeShelf : PreferenceShelf {
    override val preferences: MutableStateFlow<Preferences> = MutableStateFlow(Preferences())

    override suspend fun read(): Preferences = preferences.value

    override fun change(change: (Preferences) -> Preferences): Unit = preferences.update(change)
}

/** What an app offers, in memory. */
public class FakeShell(initial: Account = Account.None) : Shell {
    override val accounts: FakeAccounts = FakeAccounts(initial)
    override val shelf: FakeShelf = FakeShelf()
}
