package org.heliograph.android.ui

import android.text.format.DateFormat
import android.text.format.Formatter
import androidx.annotation.StringRes
import androidx.compose.runtime.Composable
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import org.heliograph.CertificateProblem
import org.heliograph.DeliveryState
import org.heliograph.Failure
import org.heliograph.FailureCode
import org.heliograph.SeamKind
import org.heliograph.Situation
import org.heliograph.UnreadableReason
import org.heliograph.android.R
import org.heliograph.android.state.KeyFailure
import java.text.NumberFormat
import java.time.Clock
import java.time.Instant
import java.time.LocalDate
import java.time.format.DateTimeFormatter
import java.time.format.DecimalStyle
import java.util.Date
import java.util.Locale
import java.util.TimeZone

/** What time it is, and where. */
internal val LocalClock = staticCompositionLocalOf { Clock.systemDefaultZone() }

/** The time of day, as the phone writes it. */
@Composable
internal fun timeOfDay(ms: Long): String {
    val format = DateFormat.getTimeFormat(LocalContext.current)
    format.timeZone = TimeZone.getTimeZone(LocalClock.current.zone)
    return format.format(Date(ms))
}

/** Today, yesterday, or the date. */
@Composable
internal fun dayName(date: LocalDate): String {
    val today = LocalDate.now(LocalClock.current)
    return when (date) {
        today -> stringResource(R.string.today)
        today.minusDays(1) -> stringResource(R.string.yesterday)
        else -> dateText(date, if (date.year == today.year) "EEEEdMMMM" else "dMMMMyyyy")
    }
}

/** The name of a day says which one is meant, up to the one before it comes again. */
private const val DAYS_BY_NAME = 6L

/** When it was, as short as it can be said: a time today, a date before. */
@Composable
internal fun shortMoment(ms: Long): String {
    val clock = LocalClock.current
    val date = Instant.ofEpochMilli(ms).atZone(clock.zone).toLocalDate()
    val today = LocalDate.now(clock)
    return when {
        date == today -> timeOfDay(ms)
        date > today.minusDays(DAYS_BY_NAME) && date < today -> dateText(date, "EEE")
        date.year == today.year -> dateText(date, "dMMM")
        else -> dateText(date, "dMyyyy")
    }
}

/** Day and time. */
@Composable
internal fun longMoment(ms: Long): String {
    val date = Instant.ofEpochMilli(ms).atZone(LocalClock.current.zone).toLocalDate()
    return stringResource(R.string.day_and_time, dayName(date), timeOfDay(ms))
}

@Composable
private fun dateText(date: LocalDate, skeleton: String): String {
    val locale: Locale = LocalContext.current.resources.configuration.locales[0]
    return DateTimeFormatter.ofPattern(DateFormat.getBestDateTimePattern(locale, skeleton), locale)
        .withDecimalStyle(DecimalStyle.of(locale)).format(date)
}

/** A number, in the digits of the language. */
@Composable
internal fun number(value: ULong): String =
    NumberFormat.getIntegerInstance(LocalContext.current.resources.configuration.locales[0]).format(value.toLong())

/** A number of bytes. */
@Composable
internal fun bytesText(bytes: ULong): String = Formatter.formatShortFileSize(LocalContext.current, bytes.toLong())

/** What happened, and what can be done. */
@Composable
internal fun failureText(code: FailureCode): String = stringResource(failureString(code))

/** The same of a failure, which may be the phone's own. */
@Composable
internal fun failureText(failure: Failure): String =
    stringResource(KeyFailure.of(failure)?.let(::keyString) ?: failureString(failure.code))

@StringRes
private fun keyString(failure: KeyFailure): Int = when (failure) {
    KeyFailure.LOCKED -> R.string.failure_keystore_locked
    KeyFailure.FAULTY -> R.string.failure_keystore_faulty
    KeyFailure.LOST -> R.string.failure_key_lost
    KeyFailure.INVALIDATED -> R.string.failure_key_invalidated
}

@StringRes
private fun failureString(code: FailureCode): Int = when (code) {
    FailureCode.AUTHENTICATION_FAILED -> R.string.failure_authentication_failed
    FailureCode.NO_ACCEPTABLE_LOGIN -> R.string.failure_no_acceptable_login
    FailureCode.SERVER_NOT_AUTHENTICATED -> R.string.failure_server_not_authenticated
    FailureCode.CERTIFICATE_REJECTED -> R.string.failure_certificate_rejected
    FailureCode.ENCRYPTION_UNAVAILABLE -> R.string.failure_encryption_unavailable
    FailureCode.HOST_UNKNOWN -> R.string.failure_host_unknown
    FailureCode.NETWORK_UNAVAILABLE -> R.string.failure_network_unavailable
    FailureCode.PROTOCOL_VIOLATION -> R.string.failure_protocol_violation
    FailureCode.SESSION_ENDED -> R.string.failure_session_ended
    FailureCode.SESSION_REPLACED -> R.string.failure_session_replaced
    FailureCode.ROOMS_UNAVAILABLE -> R.string.failure_rooms_unavailable
    FailureCode.ARCHIVE_UNAVAILABLE -> R.string.failure_archive_unavailable
    FailureCode.KEY_PUBLISHING_UNAVAILABLE -> R.string.failure_key_publishing_unavailable
    FailureCode.PUSH_UNAVAILABLE -> R.string.failure_push_unavailable
    FailureCode.NO_KEYS_FOR_CONTACT -> R.string.failure_no_keys_for_contact
    FailureCode.UNVERIFIED_DEVICE -> R.string.failure_unverified_device
    FailureCode.INVALID_ARGUMENT -> R.string.failure_invalid_argument
    FailureCode.NOT_FOUND -> R.string.failure_not_found
    FailureCode.FORBIDDEN -> R.string.failure_forbidden
    FailureCode.TOO_LARGE -> R.string.failure_too_large
    FailureCode.GROUP_NEEDS_REJOIN -> R.string.failure_group_needs_rejoin
    FailureCode.STORE_LOCKED -> R.string.failure_store_locked
    FailureCode.STORE_CORRUPT -> R.string.failure_store_corrupt
    FailureCode.STORE_TOO_NEW -> R.string.failure_store_too_new
    FailureCode.DISK_FULL -> R.string.failure_disk_full
    FailureCode.STORE_BUSY -> R.string.failure_store_busy
    FailureCode.QUOTA_EXCEEDED -> R.string.failure_quota_exceeded
    FailureCode.CLOSED -> R.string.failure_closed
    FailureCode.INTERNAL -> R.string.failure_internal
}

/** How far a message of ours has got, in a word or two. */
@Composable
internal fun deliveryText(state: DeliveryState): String = stringResource(
    when (state) {
        DeliveryState.QUEUED -> R.string.delivery_queued
        DeliveryState.SENDING -> R.string.delivery_sending
        DeliveryState.SENT -> R.string.delivery_sent
        DeliveryState.ARCHIVED -> R.string.delivery_archived
        DeliveryState.DELIVERED -> R.string.delivery_delivered
        DeliveryState.DISPLAYED -> R.string.delivery_displayed
        DeliveryState.FAILED -> R.string.delivery_failed
        DeliveryState.DISCARDED -> R.string.delivery_discarded
    },
)

/** What the phone was doing. */
@Composable
internal fun situationText(situation: Situation): String = stringResource(
    when (situation) {
        Situation.FOREGROUND -> R.string.situation_foreground
        Situation.BACKGROUND -> R.string.situation_background
        Situation.PUSH_WAKE -> R.string.situation_push_wake
        Situation.LOW_POWER -> R.string.situation_low_power
        Situation.OFFLINE -> R.string.situation_offline
    },
)

/** Why a certificate is refused. */
@StringRes
internal fun certificateString(problem: CertificateProblem): Int = when (problem) {
    CertificateProblem.UNKNOWN_ISSUER -> R.string.certificate_text
    CertificateProblem.EXPIRED -> R.string.certificate_expired
    CertificateProblem.NOT_VALID_YET -> R.string.certificate_not_valid_yet
    CertificateProblem.OTHER_NAME -> R.string.certificate_other_name
    CertificateProblem.OTHER_KEY -> R.string.certificate_other_key
    CertificateProblem.REVOKED -> R.string.certificate_revoked
    CertificateProblem.MALFORMED -> R.string.certificate_malformed
}

/** Why messages are missing. */
@Composable
internal fun seamText(kind: SeamKind): String = stringResource(
    when (kind) {
        SeamKind.NOT_LOADED -> R.string.seam_not_loaded
        SeamKind.FORGOTTEN -> R.string.seam_forgotten
        SeamKind.BEFORE_JOINING -> R.string.seam_before_joining
    },
)

/** Why messages can't be read, as plural text. */
internal fun unreadablePlural(reason: UnreadableReason): Int = when (reason) {
    UnreadableReason.WAITING_FOR_KEYS -> R.plurals.unreadable_waiting
    UnreadableReason.KEYS_GONE -> R.plurals.unreadable_keys_gone
    UnreadableReason.DAMAGED -> R.plurals.unreadable_damaged
    UnreadableReason.NOT_TRUSTED -> R.plurals.unreadable_not_trusted
}
