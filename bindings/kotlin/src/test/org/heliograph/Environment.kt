package org.heliograph

import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds

/** How long anything may take before a test fails: far more than it takes, because a busy machine is no mistake. */
internal val DEADLINE = 60.seconds

/** An account on the server under test. */
internal class TestAccount(val name: String, val password: String, domain: String) {
    val address = "$name@$domain"
}

/** What the runner tells the tests: `bindings/kotlin/README.md` lists the variables. */
internal object Environment {
    private val server = required("HELIOGRAPH_SERVER")
    private val authority: Path = Path.of(required("HELIOGRAPH_CA"))
    private val accounts = required("HELIOGRAPH_ACCOUNTS").split(",").map { entry ->
        val (name, password) = entry.split(":", limit = 2)
        TestAccount(name, password, required("HELIOGRAPH_DOMAIN"))
    }

    /** The server's room service. */
    val rooms: String = required("HELIOGRAPH_ROOMS")

    /** The terminal shell: a client in Rust, in a process of its own. */
    val shell: Path = Path.of(required("HELIOGRAPH_BINARY"))

    /** All that a second virtual machine needs to run what is tested here. */
    val classPath: String = required("HELIOGRAPH_CLASS_PATH")

    /** The arguments with which the terminal shell finds the server. */
    val shellArguments = listOf("--server", server, "--tls", "starttls", "--ca", authority.toString())

    /**
     * No part is played twice: a phone that is set up anew has new keys, and those who knew the old ones may be
     * suspicious.
     */
    fun account(name: String): TestAccount = accounts.first { it.name == name }

    /** How to sign in to the server under test. */
    fun configuration(account: TestAccount): AccountConfig = AccountConfig(
        address = account.address,
        password = account.password,
        server = ServerOverride(
            host = server.substringBeforeLast(":").trim('[', ']'),
            port = server.substringAfterLast(":").toUShort(),
            tls = TlsMode.START_TLS,
        ),
        extraCaPem = Files.readString(authority),
    )

    private fun required(name: String): String =
        checkNotNull(System.getenv(name)) { "$name is not set: bindings/kotlin/README.md says what these tests need" }
}
