package org.heliograph.android.ui

import androidx.activity.ComponentActivity
import androidx.compose.ui.test.assertIsEnabled
import androidx.compose.ui.test.hasContentDescription
import androidx.compose.ui.test.hasStateDescription
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.heliograph.AccountConfig
import org.heliograph.Contact
import org.heliograph.Heliograph
import org.heliograph.Message
import org.heliograph.Outcome
import org.heliograph.ServerCertificate
import org.heliograph.ServerOverride
import org.heliograph.Store
import org.heliograph.TlsMode
import org.heliograph.android.platform.ClientMessenger
import org.heliograph.android.platform.ClientUse
import org.heliograph.android.state.Account
import org.heliograph.android.state.Accounts
import org.heliograph.android.state.FakeShelf
import org.heliograph.android.state.FrontDoor
import org.heliograph.android.state.Preferences
import org.heliograph.android.state.Shell
import org.heliograph.getOrThrow
import org.heliograph.inspectServer
import org.heliograph.messages
import org.heliograph.send
import org.junit.After
import org.junit.Rule
import org.junit.Test
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.io.File
import java.nio.file.Files
import java.security.SecureRandom
import java.util.concurrent.CopyOnWriteArrayList
import org.heliograph.readAddress as readLink
import org.heliograph.readServer as readPlace

/** From signing in to a chat in which each has read the other, by touch, with the real library and a real server. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], qualifiers = "w411dp-h820dp-xhdpi")
class WholeConversationTest {
    private val compose = createAndroidComposeRule<ComponentActivity>()

    @get:Rule
    val rules: RuleChain = RuleChain.outerRule(KnownActivity(ComponentActivity::class.java)).around(compose)

    private val scope = CoroutineScope(Dispatchers.Main + SupervisorJob())
    private val shell = RealShell()
    private val server = checkNotNull(System.getenv("HELIOGRAPH_SERVER"))
    private val authority = File(checkNotNull(System.getenv("HELIOGRAPH_CA"))).readText()
    private val passwords = checkNotNull(System.getenv("HELIOGRAPH_ACCOUNTS")).split(",")
        .associate { it.substringBefore(":") to it.substringAfter(":") }
    private val domain = checkNotNull(System.getenv("HELIOGRAPH_DOMAIN"))
    private val other by lazy { Other(config("jan")) }

    private fun config(name: String) = AccountConfig(
        address = "$name@$domain",
        password = passwords.getValue(name),
        server = ServerOverride(host(), port().toUShort(), TlsMode.START_TLS),
        extraCaPem = authority,
    )

    private fun host() = server.substringBeforeLast(":").trim('[', ']')

    private fun port() = server.substringAfterLast(":")

    @After
    fun end() {
        Picture.of(compose.activity.window.decorView)
            .write(File(checkNotNull(System.getProperty("heliograph.screenshots")), "conversation.png"))
        scope.cancel()
        other.end()
        runBlocking { shell.client?.shutdown() }
    }

    @Test
    fun `two people write to each other`() {
        val door = FrontDoor(shell, scope)
        compose.setContent { HeliographTheme(Preferences(dynamicColour = false)) { FrontPane(door) } }

        compose.see(hasTestTag("address"))
        compose.type("address", "ida@$domain")
        compose.type("password", passwords.getValue("ida"))
        compose.touch("server")
        compose.type("host", host())
        compose.type("port", port())
        compose.type("authority", authority)
        compose.onNodeWithTag("sign-in").assertIsEnabled().performClick()

        compose.see(hasText("New chat"))
        other.start()
        compose.onNodeWithText("New chat").performClick()
        compose.see(hasTestTag("start"))
        compose.type("address", "xmpp:jan@$domain")
        compose.touch("start")

        compose.see(hasTestTag("reply"))
        compose.type("reply", "the bridge is open again")
        compose.touch("send")
        compose.see(hasTestTag("message").and(hasContentDescription("the bridge is open again", substring = true)))
        compose.until { other.heard.any { it.text == "the bridge is open again" } }
        val heard = other.heard.first { it.text == "the bridge is open again" }
        compose.see(hasStateDescription("Delivered"))
        compose.see(hasText("End-to-end encrypted"))

        other.say(heard, "thank you, we are on our way")
        compose.see(hasTestTag("message").and(hasContentDescription("thank you, we are on our way", substring = true)))
    }

    /** Accounts as the app has them, without Android's keystore, which Robolectric lacks. */
    private class RealShell :
        Shell,
        Accounts {
        var client: Heliograph? = null
        override val accounts: Accounts get() = this
        override val shelf = FakeShelf()
        override val account = MutableStateFlow<Account>(Account.None)
        override val version: String get() = "test"

        override fun reopen() = Unit

        override fun setAside() = Unit

        override suspend fun add(config: AccountConfig): Outcome<Unit> {
            val store = newStore()
            val added = Heliograph.addAccount(store, config)
            if (added is Outcome.Failed) return added
            val opened = Heliograph.open(store).getOrThrow()
            client = opened
            opened.start().getOrThrow()
            opened.networkChanged(available = true)
            account.value = Account.Open(ClientMessenger(opened, AlwaysAwake))
            return Outcome.Done(Unit)
        }

        override suspend fun inspect(config: AccountConfig): Outcome<ServerCertificate> = inspectServer(config)

        override suspend fun readAddress(text: String): Outcome<Contact> = readLink(text)

        override suspend fun readServer(place: String, port: String): Outcome<ServerOverride> = readPlace(place, port)

        override suspend fun log(): Outcome<String> = Outcome.Done("")
    }

    /** Nothing puts the client to sleep here. */
    private object AlwaysAwake : ClientUse {
        override suspend fun <T> held(work: suspend () -> Outcome<T>): Outcome<T> = work()

        override suspend fun awake() = Unit
    }

    /** The other person, with the library and no screens. */
    private class Other(private val config: AccountConfig) {
        val heard = CopyOnWriteArrayList<Message>()
        private val scope = CoroutineScope(Dispatchers.Default)
        private var client: Heliograph? = null

        fun start(): Unit = runBlocking {
            val store = newStore()
            Heliograph.addAccount(store, config).getOrThrow()
            val opened = Heliograph.open(store).getOrThrow()
            client = opened
            scope.launch { opened.messages.collect(heard::addAll) }
            opened.start().getOrThrow()
            opened.networkChanged(available = true)
            // A chat is encrypted if there are keys when it is started: they are out once nothing is left to be done.
            withTimeout(DEADLINE_MS) { opened.connection.first { it.caughtUp && it.idle } }
        }

        fun say(after: Message, text: String): Unit = runBlocking {
            checkNotNull(client).send(after.conversation, text).getOrThrow()
        }

        fun end() = runBlocking {
            scope.cancel()
            client?.shutdown()
        }
    }

    private companion object {
        /** Far more than it takes: a busy machine is no mistake. */
        const val DEADLINE_MS = 60_000L

        fun newStore() = Store(
            Files.createTempDirectory("heliograph").resolve("account.db").toString(),
            ByteArray(Store.KEY_BYTES).also(SecureRandom()::nextBytes),
        )
    }
}
