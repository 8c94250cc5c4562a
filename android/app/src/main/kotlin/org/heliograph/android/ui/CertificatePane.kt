package org.heliograph.android.ui

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.dp
import org.heliograph.ServerCertificate
import org.heliograph.android.R

/**
 * A certificate that is refused, and why. Where only nobody vouches for it, the user may; the safe answer is the
 * prominent one. Nothing that a person says makes an expired one good, or one for another name.
 */
@Composable
internal fun CertificatePane(certificate: ServerCertificate, mayTrust: Boolean, events: SignInEvents) {
    Page(
        title = stringResource(if (mayTrust) R.string.certificate_title else R.string.certificate_refused),
        back = events.cancel,
        bottom = {
            Column {
                if (mayTrust) {
                    TextButton(
                        events.trust,
                        Modifier.padding(horizontal = 16.dp, vertical = 4.dp).fillMaxWidth().heightIn(min = TOUCH)
                            .testTag("trust"),
                        colors = destructive(),
                    ) { Text(stringResource(R.string.certificate_trust), textAlign = TextAlign.Center) }
                }
                MainAction(stringResource(R.string.certificate_refuse), events.cancel)
            }
        },
    ) {
        Sheet {
            certificate.problem?.let { Notice(Icons.warning, stringResource(certificateString(it)), isBad = true) }
            if (mayTrust) Text(stringResource(R.string.certificate_compare), style = MaterialTheme.typography.bodyLarge)
            PartTitle(stringResource(R.string.certificate_fingerprint))
            Surface(
                color = MaterialTheme.colorScheme.surfaceContainerHigh,
                shape = MaterialTheme.shapes.medium,
                border = outline(),
            ) {
                Text(
                    grouped(certificate.fingerprintSha256),
                    Modifier.fillMaxWidth().padding(16.dp).testTag("fingerprint"),
                    style = MaterialTheme.typography.titleMedium.copy(
                        fontFamily = FontFamily.Monospace,
                        textDirection = TextDirection.Ltr,
                    ),
                )
            }
            Fact(stringResource(R.string.certificate_subject), certificate.subject)
            Fact(stringResource(R.string.certificate_issuer), certificate.issuer)
            Fact(stringResource(R.string.certificate_from), longMoment(certificate.notBeforeMs))
            Fact(stringResource(R.string.certificate_until), longMoment(certificate.notAfterMs))
        }
    }
}

/** Four bytes a group, so that people can compare by ear and eye. */
private fun grouped(fingerprint: String): String =
    fingerprint.split(':').chunked(BYTES_A_GROUP) { it.joinToString(":") }.joinToString("  ")

private const val BYTES_A_GROUP = 4
