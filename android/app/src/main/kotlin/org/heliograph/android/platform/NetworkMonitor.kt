package org.heliograph.android.platform

import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.Network
import android.net.NetworkCapabilities
import java.net.Inet4Address
import java.net.InetAddress
import java.security.MessageDigest

/** How the network is, as the core wants to know it. */
internal data class NetworkReport(
    /** There is one. */
    val available: Boolean,
    /** The same each time the phone is on the same network, and no name of it. */
    val id: String? = null,
    /** The network before this one is gone, and the sockets on it with it. */
    val previousGone: Boolean = false,
    /** The addresses of the name servers there. */
    val nameServers: List<String> = emptyList(),
)

/**
 * Follows the phone's default network, from [start] to [stop]. Calls back on a thread of the system, not on the main
 * one.
 *
 * Whether the network reaches the internet is not asked: in the field the server may stand in the same tent.
 */
internal class NetworkMonitor(
    private val connectivity: ConnectivityManager,
    private val report: (NetworkReport) -> Unit,
) : ConnectivityManager.NetworkCallback() {
    private var network: Network? = null
    private var properties: LinkProperties? = null
    private var transport = "other"
    private var blocked = false
    private var lost = false
    private var last: NetworkReport? = null

    /**
     * Begins, and says at once how it is. The system calls back a moment later, and not at all without a network;
     * whoever was woken for a moment would still believe what was so when it fell asleep.
     */
    @Synchronized
    fun start() {
        network = connectivity.activeNetwork
        val now = network
        if (now == null) {
            say(NetworkReport(available = false))
        } else {
            transport = connectivity.getNetworkCapabilities(now)?.transport() ?: transport
            properties = connectivity.getLinkProperties(now)
            if (properties == null) say(NetworkReport(available = true)) else tell()
        }
        connectivity.registerDefaultNetworkCallback(this)
    }

    /** Ends. A monitor is used once. */
    fun stop() {
        connectivity.unregisterNetworkCallback(this)
    }

    // After this the system tells the capabilities and then the properties, which is when there is something to say.
    @Synchronized
    override fun onAvailable(network: Network) {
        if (this.network != network) properties = null
        this.network = network
    }

    @Synchronized
    override fun onCapabilitiesChanged(network: Network, networkCapabilities: NetworkCapabilities) {
        if (network != this.network) return
        transport = networkCapabilities.transport()
        tell()
    }

    @Synchronized
    override fun onLinkPropertiesChanged(network: Network, linkProperties: LinkProperties) {
        if (network != this.network) return
        properties = linkProperties
        tell()
    }

    @Synchronized
    override fun onBlockedStatusChanged(network: Network, blocked: Boolean) {
        if (network != this.network) return
        this.blocked = blocked
        tell()
    }

    @Synchronized
    override fun onLost(network: Network) {
        if (network != this.network) return
        this.network = null
        properties = null
        blocked = false
        lost = true
        say(NetworkReport(available = false, previousGone = true))
    }

    private fun tell() {
        val properties = properties ?: return
        // Data saver or doze: the network is there, and not for us.
        if (blocked) return say(NetworkReport(available = false))
        val servers = properties.dnsServers.mapNotNull(::plainAddress)
        say(NetworkReport(available = true, properties.id(transport), previousGone = lost, servers))
        lost = false
    }

    /** Says what differs from what was said last. */
    private fun say(news: NetworkReport) {
        if (last?.copy(previousGone = news.previousGone) == news) return
        last = news
        report(news)
    }
}

private fun NetworkCapabilities.transport(): String = when {
    hasTransport(NetworkCapabilities.TRANSPORT_VPN) -> "vpn"
    hasTransport(NetworkCapabilities.TRANSPORT_WIFI) -> "wifi"
    hasTransport(NetworkCapabilities.TRANSPORT_CELLULAR) -> CELLULAR
    hasTransport(NetworkCapabilities.TRANSPORT_ETHERNET) -> "ethernet"
    else -> "other"
}

private const val CELLULAR = "cellular"

/** Without the zone of a link-local address, which means something on this phone only. */
private fun plainAddress(address: InetAddress): String? = address.hostAddress?.substringBefore('%')

/**
 * Made from what a network hands out to everybody on it: its kind, its range of addresses, its name servers, its
 * domain. Its name (SSID) would need the permission to know where the phone is. Two homes with the same router and the
 * same provider look alike, which costs nothing but a keepalive that is learned again.
 */
private fun LinkProperties.id(transport: String): String {
    val ranges = linkAddresses
        .filter { it.address is Inet4Address }
        .map { "${masked(it.address, it.prefixLength)}/${it.prefixLength}" }
    val servers = dnsServers.filter { it is Inet4Address || ranges.isEmpty() }.mapNotNull(::plainAddress)
    // A mobile network hands out another address each time; its name servers stay.
    val places = if (transport == CELLULAR) servers.sorted() else servers.sorted() + ranges.sorted()
    val parts = listOf(transport, domains.orEmpty()) + places
    val digest = MessageDigest.getInstance("SHA-256").digest(parts.joinToString("\n").encodeToByteArray())
    return digest.take(ID_BYTES).joinToString("") { "%02x".format(it) }
}

/** Enough that no two of the networks that a phone meets are taken for one. */
private const val ID_BYTES = 16

/** The bits of one byte. */
private const val BYTE_MASK = 0xff

private fun masked(address: InetAddress, prefix: Int): String = address.address
    .mapIndexed { index, byte ->
        val bits = (prefix - index * Byte.SIZE_BITS).coerceIn(0, Byte.SIZE_BITS)
        byte.toInt() and (BYTE_MASK shl (Byte.SIZE_BITS - bits)) and BYTE_MASK
    }.joinToString(".")
