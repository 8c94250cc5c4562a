package org.heliograph

import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.heliograph.ffi.InternalException
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.time.Clock

/** Everything that can go wrong is a typed outcome, and leaves nothing behind. */
internal class MistakesTest {
    @TempDir
    lateinit var folder: Path

    private val finn = Environment.account("finn")
    private val configuration = Environment.configuration(finn)

    @Test
    fun `a wrong password`() {
        val failure = adding(configuration.copy(password = "not the password"))
        assertEquals("authentication-failed" to false, failure.name to failure.transient)
        assertEquals(FailureCode.AUTHENTICATION_FAILED, failure.code)
        assertTrue(failure.advice.isNotEmpty())
    }

    @Test
    fun `no server there`() {
        val failure = adding(configuration.copy(server = configuration.server?.copy(port = 1u)))
        assertEquals(FailureCode.NETWORK_UNAVAILABLE to true, failure.code to failure.transient)
    }

    @Test
    fun `a certificate that nobody vouches for`() {
        val failure = adding(configuration.copy(extraCaPem = null))
        assertEquals(FailureCode.CERTIFICATE_REJECTED, failure.code)
    }

    @Test
    fun `a certificate that nobody vouches for, and a person's word for its key`(): Unit = runBlocking {
        val unknown = configuration.copy(extraCaPem = null)
        val certificate = inspectServer(unknown).getOrThrow()
        assertEquals(false to CertificateProblem.UNKNOWN_ISSUER, certificate.trusted to certificate.problem)
        assertTrue(inspectServer(configuration).getOrThrow().trusted)
        val store = Phone.storeIn(folder, "trusting")
        Heliograph.addAccount(store, unknown.copy(trustedKey = certificate.keyPin)).getOrThrow()
    }

    @Test
    fun `a password that was changed meanwhile`(): Unit = runBlocking {
        val store = Phone.storeIn(folder, "changed")
        Heliograph.addAccount(store, configuration).getOrThrow()
        Heliograph.open(store).getOrThrow().use { heliograph ->
            heliograph.setPassword("not the password").getOrThrow()
            heliograph.start().getOrThrow()
            val refused = withTimeout(DEADLINE) {
                heliograph.connection.first { it.state == ConnectionState.STOPPED }
            }
            assertEquals(FailureCode.AUTHENTICATION_FAILED, refused.failure?.code)
            heliograph.setPassword(finn.password).getOrThrow()
            withTimeout(DEADLINE) { heliograph.connection.first { it.state == ConnectionState.ONLINE } }
        }
    }

    @Test
    fun `a server's place is read from one field or two, and a port that is none is said`() {
        val direct = ServerOverride("::1", 5223u, TlsMode.DIRECT)
        assertEquals(direct, readServer("[::1]:5223").getOrThrow())
        assertEquals(direct, readServer(" ::1 ", "5223").getOrThrow())
        val usual = ServerOverride("chat.example.org", 5222u, TlsMode.START_TLS)
        assertEquals(usual, readServer("chat.example.org").getOrThrow())
        assertEquals(FailureCode.INVALID_ARGUMENT, failed { readServer("chat.example.org", "52x2") }.code)
    }

    @Test
    fun `addresses are read from what is typed and scanned`(): Unit = runBlocking {
        val ana = Contact("ana@example.org", ContactKind.ACCOUNT, title = "ana", name = null)
        assertEquals(ana, readAddress("xmpp:ana@example.org?message").getOrThrow())
        assertEquals(ContactKind.ROOM, readAddress("xmpp:crew@muc.example.org?join").getOrThrow().kind)
        assertEquals(FailureCode.INVALID_ARGUMENT, failed { readAddress("no address") }.code)
        assertTrue(Heliograph.version.isNotEmpty())
        startLogging(LogLevel.INFO)
        assertTrue(exportLog().isNotEmpty())
    }

    @Test
    fun `malformed arguments`() {
        for (malformed in listOf(
            configuration.copy(address = "nobody"),
            configuration.copy(server = configuration.server?.copy(port = 0u)),
            configuration.copy(pins = listOf("d6qz")),
        )) {
            assertEquals(FailureCode.INVALID_ARGUMENT, adding(malformed).code)
        }
        for (store in listOf(
            Store("", ByteArray(Store.KEY_BYTES)),
            Store(path("short"), ByteArray(Store.KEY_BYTES - 1)),
        )) {
            assertEquals(FailureCode.INVALID_ARGUMENT, adding(configuration, store).code)
            assertEquals(FailureCode.INVALID_ARGUMENT, failed { Heliograph.open(store) }.code)
        }
        assertEquals(FailureCode.NOT_FOUND, failed { Heliograph.open(Phone.storeIn(folder, "nobody")) }.code)
        assertEquals(emptyList<Path>(), folder.listDirectoryEntries())
    }

    @Test
    fun `what makes no sense to an open account, a store in use, a wrong key`(): Unit = runBlocking {
        val phone = Phone.add("finn", folder)
        phone.heliograph.use { heliograph ->
            val nowhere = ConversationId(4711)
            val chat = heliograph.startChat(Environment.account("chloe").address).getOrThrow()
            assertEquals(FailureCode.NOT_FOUND, failed { heliograph.timeline(nowhere) }.code)
            assertEquals(FailureCode.NOT_FOUND, failed { heliograph.conversation(nowhere) }.code)
            assertEquals(FailureCode.INVALID_ARGUMENT, failed { heliograph.startChat("@") }.code)
            assertEquals(FailureCode.INVALID_ARGUMENT, failed { heliograph.send(chat, "a\u0000b") }.code)
            for (limit in listOf(0, -1)) {
                assertEquals(FailureCode.INVALID_ARGUMENT, failed { heliograph.search("a", limit = limit) }.code)
            }
            assertEquals(
                FailureCode.INVALID_ARGUMENT,
                failed { heliograph.networkChanged(available = true, nameServers = listOf("nonsense")) }.code,
            )
            assertEquals(FailureCode.STORE_BUSY, failed { Heliograph.open(phone.store) }.code)
            assertEquals("STORE_BUSY", openedElsewhere(phone.store))
            assertEquals("xmpp:${finn.address}", heliograph.contactUri().getOrThrow())
            assertEquals(null, heliograph.nextCatchUp().getOrThrow()?.takeIf { it < Clock.System.now() })
        }
        assertEquals(emptyList<String>(), Traces.databasesOpen())
        assertEquals("opened", openedElsewhere(phone.store))
        val failure = failed { Heliograph.open(Phone.storeIn(folder, "finn")) }
        assertEquals(FailureCode.STORE_LOCKED to false, failure.code to failure.transient)
    }

    @Test
    fun `a panic of the core is a failure like any other`() {
        val outcome = attempt { throw InternalException("on purpose") }
        assertEquals(FailureCode.INTERNAL, (outcome as Outcome.Failed).failure.code)
        assertFalse("purpose" in outcome.failure.toString())
    }

    @Test
    fun `a key is not printed`() {
        assertFalse(Store("a.db", ByteArray(Store.KEY_BYTES) { 77 }).toString().contains("77"))
    }

    private fun path(name: String) = folder.resolve("$name.db").toString()

    private fun failed(call: suspend () -> Outcome<*>): Failure = runBlocking {
        val outcome = call()
        check(outcome is Outcome.Failed) { "it was done: $outcome" }
        outcome.failure
    }

    private fun adding(account: AccountConfig, store: Store = Phone.storeIn(folder, "new")): Failure {
        val failure = failed { Heliograph.addAccount(store, account) }
        assertEquals(emptyList<Path>(), folder.listDirectoryEntries(), "a failed sign-in left something behind")
        return failure
    }

    /** What another process comes to that opens the same store. */
    private fun openedElsewhere(store: Store): String {
        val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
        val libraries = "-Djna.library.path=" + System.getProperty("jna.library.path")
        val key = store.key.joinToString(",")
        val command =
            listOf(java, libraries, "-cp", Environment.classPath, "org.heliograph.ElsewhereKt", store.path, key)
        val process = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val said = process.inputReader().readText().trim()
        assertEquals(0, process.waitFor())
        return said
    }
}
