package org.heliograph

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

internal class SystemTrustTest {
    @Test
    fun `a computer has no verifier to be introduced to, and that is said`() {
        assertEquals(Outcome.Done(TrustedAuthorities.BUILT_IN), SystemTrust.introduceApp(Any()))
    }

    @Test
    fun `an app without the native half of the verifier is told so, and not ended`() {
        // JNA looks for Android when it is loaded, and must not find it here.
        assertTrue(Heliograph.version.isNotEmpty())
        val computer = System.setProperty("java.vm.name", "Dalvik")
        val found = try {
            SystemTrust.introduceApp(Any())
        } finally {
            System.setProperty("java.vm.name", computer)
        }
        val failure = (found as Outcome.Failed).failure
        assertEquals(FailureCode.INTERNAL, failure.code)
        assertFalse(failure.transient)
        assertTrue("verifier of certificates" in failure.detail)
    }
}
