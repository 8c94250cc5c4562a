import HeliographKit
import UserNotifications

/// Runs beside the app when a push message comes: fetches what waits and says what came.
final class NotificationService: UNNotificationServiceExtension {
    private var work: Task<Void, Never>?

    override func didReceive(
        _ request: UNNotificationRequest,
        withContentHandler show: @escaping (UNNotificationContent) -> Void
    ) {
        let group = "group.org.heliograph.app"
        let container = FileManager.default.containerURL(forSecurityApplicationGroupIdentifier: group)
        let accounts = Accounts(folder: container ?? .documentsDirectory, keys: Keychain(group: group))
        let unspecific = Alert(
            conversation: nil, title: String(localized: "Heliograph"),
            body: String(localized: "You may have new messages"))
        nonisolated(unsafe) let show = show
        // `PushWake` ends before the system's limit by itself, and closes the store.
        work = Task {
            let alert = await PushWake(accounts: accounts, unspecific: unspecific).alert()
            let content = UNMutableNotificationContent()
            content.title = alert.title
            content.body = alert.body
            content.sound = .default
            if let conversation = alert.conversation {
                content.threadIdentifier = String(conversation)
                content.userInfo = ["conversation": conversation]
            }
            show(content)
        }
    }
}
