import Heliograph
import HeliographKit
import UserNotifications

/// Runs beside the app when a push message comes: fetches what waits and says what came.
final class NotificationService: UNNotificationServiceExtension {
    override func didReceive(
        _ request: UNNotificationRequest,
        withContentHandler show: @escaping (UNNotificationContent) -> Void
    ) {
        SupportLog.start(at: .info)
        let wake = PushWake(
            accounts: .shared, board: SystemNotifications(), shelf: SharedDefaults(group: AppGroup.name),
            signal: DarwinSignal(group: AppGroup.name), words: .translated)
        nonisolated(unsafe) let show = show
        // Ends before the system's limit by itself, and closes the store.
        Task { show(await wake.alert().content) }
    }
}
