package org.heliograph

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

internal class SystemTrustTest {
    @Test
    fun `a computer has no verifier to be introduced to, and that is said`() {
        assertEquals(Outcome.Done(TrustedAuthorities.BUILT_IN), SystemTrust.introduceApp(Any()))
    }
}
