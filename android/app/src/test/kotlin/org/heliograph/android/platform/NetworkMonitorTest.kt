package org.heliograph.android.platform

import android.net.ConnectivityManager
import android.net.LinkAddress
import android.net.LinkProperties
import android.net.NetworkCapabilities
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowNetwork
import org.robolectric.shadows.ShadowNetworkCapabilities
import org.robolectric.util.ReflectionHelpers
import java.net.InetAddress

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [29, 35])
class NetworkMonitorTest {
    private val connectivity = RuntimeEnvironment.getApplication().service<ConnectivityManager>()
    private val said = mutableListOf<NetworkReport>()
    private val monitor = NetworkMonitor(connectivity, said::add)

    private fun capabilities(transport: Int) =
        ShadowNetworkCapabilities.newInstance().also { shadowOf(it).addTransportType(transport) }

    private fun properties(address: String, prefix: Int, vararg servers: String) = LinkProperties().apply {
        setDnsServers(servers.map(InetAddress::getByName))
        val link = ReflectionHelpers.callConstructor(
            LinkAddress::class.java,
            ReflectionHelpers.ClassParameter.from(InetAddress::class.java, InetAddress.getByName(address)),
            ReflectionHelpers.ClassParameter.from(Int::class.javaPrimitiveType, prefix),
        )
        ReflectionHelpers.callInstanceMethod<Boolean>(
            this,
            "addLinkAddress",
            ReflectionHelpers.ClassParameter.from(LinkAddress::class.java, link),
        )
    }

    private fun join(network: Int, transport: Int, properties: LinkProperties) {
        val joined = ShadowNetwork.newInstance(network)
        monitor.onAvailable(joined)
        monitor.onCapabilitiesChanged(joined, capabilities(transport))
        monitor.onLinkPropertiesChanged(joined, properties)
    }

    @Test
    fun `the same network has the same id, and another one another`() {
        val wifi = NetworkCapabilities.TRANSPORT_WIFI
        join(1, wifi, properties("192.168.1.20", 24, "192.168.1.1"))
        monitor.onLost(ShadowNetwork.newInstance(1))
        join(2, wifi, properties("192.168.1.77", 24, "192.168.1.1"))
        monitor.onLost(ShadowNetwork.newInstance(2))
        join(3, wifi, properties("10.0.0.5", 8, "10.0.0.1"))
        val ids = said.filter { it.available }.map { it.id }
        assertEquals(3, ids.size)
        assertEquals(ids[0], ids[1])
        assertNotEquals(ids[0], ids[2])
    }

    @Test
    fun `a network's kind, its addresses, its name servers and its domain each tell it apart`() {
        val wifi = NetworkCapabilities.TRANSPORT_WIFI
        val home = { properties("192.168.1.20", 24, "192.168.1.1") }
        join(1, wifi, home())
        join(2, NetworkCapabilities.TRANSPORT_ETHERNET, home())
        join(3, wifi, properties("192.168.2.20", 24, "192.168.1.1"))
        join(4, wifi, properties("192.168.1.20", 24, "192.168.1.2"))
        join(5, wifi, home().apply { domains = "camp.example" })
        assertEquals(5, said.map { it.id }.toSet().size)
    }

    @Test
    fun `a mobile network is the same with another address`() {
        val cellular = NetworkCapabilities.TRANSPORT_CELLULAR
        join(1, cellular, properties("10.20.30.40", 30, "10.1.1.1"))
        join(2, cellular, properties("10.99.1.2", 29, "10.1.1.1"))
        assertEquals(1, said.map { it.id }.toSet().size)
    }

    @Test
    fun `name servers are told, without what means something on this phone only`() {
        val servers = properties("192.168.1.20", 24, "192.168.1.1", "fe80::1%3")
        join(1, NetworkCapabilities.TRANSPORT_WIFI, servers)
        assertEquals(listOf("192.168.1.1", "fe80:0:0:0:0:0:0:1"), said.single().nameServers)
    }

    @Test
    fun `a network that is lost takes its sockets along, one that is left does not`() {
        join(1, NetworkCapabilities.TRANSPORT_WIFI, properties("192.168.1.20", 24, "192.168.1.1"))
        join(2, NetworkCapabilities.TRANSPORT_CELLULAR, properties("10.1.1.2", 30, "10.1.1.1"))
        assertFalse(said.last().previousGone)
        monitor.onLost(ShadowNetwork.newInstance(1))
        assertEquals(2, said.size)
        monitor.onLost(ShadowNetwork.newInstance(2))
        assertEquals(NetworkReport(available = false, previousGone = true), said.last())
        join(3, NetworkCapabilities.TRANSPORT_WIFI, properties("192.168.1.20", 24, "192.168.1.1"))
        assertTrue(said.last().previousGone)
        join(4, NetworkCapabilities.TRANSPORT_CELLULAR, properties("10.1.1.2", 30, "10.1.1.1"))
        assertFalse("that was said already", said.last().previousGone)
    }

    @Test
    fun `a network that the system keeps from us is none`() {
        join(1, NetworkCapabilities.TRANSPORT_WIFI, properties("192.168.1.20", 24, "192.168.1.1"))
        monitor.onBlockedStatusChanged(ShadowNetwork.newInstance(1), true)
        assertFalse(said.last().available)
        monitor.onBlockedStatusChanged(ShadowNetwork.newInstance(1), false)
        assertTrue(said.last().available)
        monitor.onBlockedStatusChanged(ShadowNetwork.newInstance(9), true)
        assertTrue("that was another one", said.last().available)

        monitor.onBlockedStatusChanged(ShadowNetwork.newInstance(1), true)
        monitor.onLost(ShadowNetwork.newInstance(1))
        join(2, NetworkCapabilities.TRANSPORT_CELLULAR, properties("10.1.1.2", 30, "10.1.1.1"))
        assertTrue("nobody keeps this one from us", said.last().available)
    }

    @Test
    fun `with a network that is said at once, with what is known of it, and not said again`() {
        val now = checkNotNull(connectivity.activeNetwork)
        val wifi = properties("192.168.1.20", 24, "192.168.1.1")
        shadowOf(connectivity).setLinkProperties(now, wifi)
        shadowOf(connectivity).setNetworkCapabilities(now, capabilities(NetworkCapabilities.TRANSPORT_WIFI))
        monitor.start()
        assertTrue(said.single().available)
        assertEquals(listOf("192.168.1.1"), said.single().nameServers)
        monitor.onAvailable(now)
        monitor.onCapabilitiesChanged(now, capabilities(NetworkCapabilities.TRANSPORT_WIFI))
        monitor.onLinkPropertiesChanged(now, wifi)
        assertEquals(1, said.size)
        monitor.stop()
    }

    @Test
    fun `a network of which nothing is known yet is said to be there`() {
        shadowOf(connectivity).setLinkProperties(connectivity.activeNetwork, null)
        monitor.start()
        assertEquals(NetworkReport(available = true), said.single())
        monitor.stop()
    }

    @Test
    fun `without a network that is said at once, and nothing is heard after the end`() {
        shadowOf(connectivity).setActiveNetworkInfo(null)
        monitor.start()
        assertEquals(NetworkReport(available = false), said.single())
        assertEquals(1, shadowOf(connectivity).networkCallbacks.size)
        monitor.stop()
        assertEquals(0, shadowOf(connectivity).networkCallbacks.size)
    }
}
