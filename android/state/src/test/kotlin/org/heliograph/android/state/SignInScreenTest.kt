package org.heliograph.android.state

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.heliograph.CertificateProblem
import org.heliograph.FailureCode
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

@OptIn(ExperimentalCoroutinesApi::class)
class SignInScreenTest {
    private val accounts = FakeAccounts()

    private fun TestScope.screen() = SignInScreen(accounts, backgroundScope)

    @Test
    fun `an address and a password are enough`() = runTest {
        screen().signIn("ana@relief.example", "secret ")
        runCurrent()
        val config = accounts.added.single()
        assertEquals("ana@relief.example" to "secret ", config.address to config.password)
        assertNull(config.server)
        assertTrue(accounts.account.value is Account.Open)
    }

    @Test
    fun `a certificate that nobody vouches for is a question, and the answer is the key that was shown`() = runTest {
        accounts.failures += FailureCode.CERTIFICATE_REJECTED
        val screen = screen()
        screen.signIn("ana@relief.example", "secret")
        runCurrent()
        assertEquals("AA:BB", screen.state.value.certificate?.fingerprintSha256)
        screen.trust()
        runCurrent()
        assertEquals(listOf(null, "the pin"), accounts.added.map { it.trustedKey })
        assertTrue(accounts.account.value is Account.Open)
    }

    @Test
    fun `another key than the one that was trusted is an error, and no second question`() = runTest {
        repeat(2) { accounts.failures += FailureCode.CERTIFICATE_REJECTED }
        val screen = screen()
        screen.signIn("ana@relief.example", "secret")
        runCurrent()
        screen.trust()
        runCurrent()
        assertNull(screen.state.value.certificate)
        assertEquals(FailureCode.CERTIFICATE_REJECTED, screen.state.value.failure?.code)
    }

    @Test
    fun `what no word of a person cures is shown and no question`() = runTest {
        accounts.failures += FailureCode.CERTIFICATE_REJECTED
        accounts.problem = CertificateProblem.EXPIRED
        val screen = screen()
        screen.signIn("ana@relief.example", "secret")
        runCurrent()
        assertEquals(CertificateProblem.EXPIRED, screen.state.value.certificate?.problem)
        assertFalse(screen.state.value.mayTrust)
        screen.trust()
        runCurrent()
        assertEquals(1, accounts.added.size)
    }

    @Test
    fun `a certificate that is believed at the second look is no question`() = runTest {
        accounts.failures += FailureCode.CERTIFICATE_REJECTED
        accounts.problem = null
        val screen = screen()
        screen.signIn("ana@relief.example", "secret")
        runCurrent()
        assertNull(screen.state.value.certificate)
        assertEquals(FailureCode.CERTIFICATE_REJECTED, screen.state.value.failure?.code)
    }

    @Test
    fun `whoever does not trust is back at the form, and trusting later does nothing`() = runTest {
        accounts.failures += FailureCode.CERTIFICATE_REJECTED
        val screen = screen()
        screen.signIn("ana@relief.example", "secret")
        runCurrent()
        screen.cancel()
        screen.trust()
        runCurrent()
        assertEquals(SignInState(), screen.state.value)
        assertEquals(1, accounts.added.size)
    }

    @Test
    fun `a wrong password is said, and waiting can be given up`() = runTest {
        accounts.failures += FailureCode.AUTHENTICATION_FAILED
        val screen = screen()
        screen.signIn("ana@relief.example", "wrong")
        runCurrent()
        assertEquals(FailureCode.AUTHENTICATION_FAILED, screen.state.value.failure?.code)
        accounts.gate = CompletableDeferred()
        screen.signIn("ana@relief.example", "secret")
        screen.signIn("ana@relief.example", "secret")
        runCurrent()
        assertTrue(screen.state.value.busy)
        screen.cancel()
        accounts.gate?.complete(Unit)
        runCurrent()
        assertEquals(Account.None, accounts.account.value)
        assertEquals(2, accounts.added.size)
    }

    @Test
    fun `a server by hand, or none, and a port that is none is told`() = runTest {
        val screen = screen()
        accounts.failures += FailureCode.HOST_UNKNOWN
        screen.signIn("ana@relief.example", "secret", ServerPlace("10.0.0.7", "5299", " PEM "))
        runCurrent()
        val config = accounts.added.single()
        assertEquals("10.0.0.7" to 5299, config.server?.let { it.host to it.port.toInt() })
        assertEquals("PEM", config.extraCaPem)
        for (place in listOf(ServerPlace("10.0.0.7", "52x2"), ServerPlace(" ", "52x2"))) {
            screen.signIn("ana@relief.example", "secret", place)
            runCurrent()
            assertEquals(FailureCode.INVALID_ARGUMENT, screen.state.value.failure?.code)
            assertFalse(screen.state.value.busy)
        }
        assertEquals(1, accounts.added.size)
        screen.signIn("ana@relief.example", "secret", ServerPlace(" ", ""))
        runCurrent()
        assertNull(accounts.added.last().server)
    }

    @Test
    fun `a link fills in the address`() = runTest {
        val screen = screen()
        screen.link("xmpp:ana@relief.example?register")
        runCurrent()
        assertEquals("ana@relief.example", screen.state.value.linked)
        screen.link("https://relief.example")
        runCurrent()
        assertEquals(FailureCode.INVALID_ARGUMENT, screen.state.value.failure?.code)
    }
}
