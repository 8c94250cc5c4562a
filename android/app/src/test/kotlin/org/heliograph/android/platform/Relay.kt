package org.heliograph.android.platform

import org.heliograph.AccountConfig
import org.heliograph.ServerOverride
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread

/** Stands between a phone and its server, and can let nothing through, as a network does that is up and dead. */
internal class Relay(private val server: ServerOverride) : AutoCloseable {
    private val listening = ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress())
    private val sockets = ConcurrentLinkedQueue<Socket>()

    /** Everything waits for it. */
    @Volatile
    private var gate = CountDownLatch(0)

    init {
        worker {
            while (true) {
                val phone = listening.accept().also(sockets::add)
                val beyond = Socket(server.host, server.port.toInt()).also(sockets::add)
                worker { pump(phone.getInputStream(), beyond.getOutputStream()) }
                worker { pump(beyond.getInputStream(), phone.getOutputStream()) }
            }
        }
    }

    /** The account, to be reached through this. */
    fun through(account: AccountConfig): AccountConfig = account.copy(
        server = server.copy(host = "127.0.0.1", port = listening.localPort.toUShort()),
    )

    /** From now on nothing gets through. */
    fun hold() {
        gate = CountDownLatch(1)
    }

    override fun close() {
        listening.close()
        sockets.forEach(Socket::close)
        gate.countDown()
    }

    private fun pump(from: InputStream, to: OutputStream) {
        val buffer = ByteArray(BUFFER)
        while (true) {
            val count = from.read(buffer)
            if (count < 0) return to.close()
            gate.await()
            to.write(buffer, 0, count)
        }
    }

    private fun worker(work: () -> Unit) = thread(isDaemon = true) {
        try {
            work()
        } catch (_: IOException) {
            // One of the two has hung up, or the test is over.
        }
    }

    private companion object {
        const val BACKLOG = 16
        const val BUFFER = 16 * 1024
    }
}
