package org.heliograph

import java.nio.file.Path
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/**
 * The terminal shell: a client in Rust, in a process of its own, driven through its line protocol. Closing kills it.
 *
 * Lines are looked at as text. That is enough to see what arrived, and needs no library.
 */
internal class Shell private constructor(private val process: Process) : AutoCloseable {
    private val lines = LinkedBlockingQueue<String>()
    private val seen = mutableListOf<String>()

    init {
        thread(isDaemon = true, name = "terminal shell") {
            process.inputStream.bufferedReader().forEachLine(lines::put)
        }
    }

    /** The first line that holds all of these, now or as soon as there is one. */
    fun until(vararg parts: String): String {
        fun isIt(line: String) = parts.all { it in line }
        seen.firstOrNull(::isIt)?.let { return it }
        val end = System.nanoTime() + DEADLINE.inWholeNanoseconds
        while (true) {
            val line = lines.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS)
                ?: throw AssertionError("the terminal shell did not say ${parts.toList()}, but $seen")
            seen += line
            if (isIt(line)) return line
        }
    }

    fun send(to: String, text: String) {
        process.outputWriter().run {
            write("""{"do":"send","to":"$to","text":"$text"}""" + "\n")
            flush()
        }
    }

    override fun close() {
        process.destroyForcibly().waitFor()
    }

    companion object {
        /** Signs an account in, and waits until others can invite it: see [Phone.keysPublished]. */
        fun start(name: String, folder: Path, without: TestAccount): Shell {
            val account = Environment.account(name)
            val shell = listOf(Environment.shell.toString(), "--data", folder.resolve(name).toString(), "--json")
            val adding = listOf("account", "add", account.address, "--password-stdin") + Environment.shellArguments
            val add = ProcessBuilder(shell + adding).redirectError(ProcessBuilder.Redirect.INHERIT).start()
            add.outputWriter().use { it.write(account.password + "\n") }
            val said = add.inputReader().readText()
            check(add.waitFor() == 0) { "the terminal shell could not sign in: $said" }
            val chat = ProcessBuilder(shell + "chat").redirectError(ProcessBuilder.Redirect.DISCARD).start()
            return Shell(chat).apply {
                until(""""event":"caught-up"""")
                send(without.address, "is somebody there?")
                until(""""event":"conversation"""", without.address, """"state":"active"""")
            }
        }
    }
}
