// Notifications, push and what app and extension share, on Apple's systems: see Apple.swift.

#if canImport(UserNotifications)
    import Foundation
    import Heliograph
    import UserNotifications

    /// `UNUserNotificationCenter`.
    public struct SystemNotifications: NotificationBoard {
        public init() {}

        private var center: UNUserNotificationCenter { .current() }

        public func permission() async -> NotificationPermission {
            switch await center.notificationSettings().authorizationStatus {
            case .notDetermined: .undecided
            case .denied: .denied
            default: .granted
            }
        }

        public func ask() async -> NotificationPermission {
            let isGranted = try? await center.requestAuthorization(options: [.alert, .sound, .badge])
            return isGranted == true ? .granted : .denied
        }

        public func show(_ alert: Alert) async {
            let content = alert.content
            let request = UNNotificationRequest(identifier: content.threadIdentifier, content: content, trigger: nil)
            try? await center.add(request)
        }

        public func shown() async -> [ConversationID: MessageID] {
            var shown: [ConversationID: MessageID] = [:]
            for alert in await center.deliveredNotifications().map(Alert.init) {
                if let conversation = alert.conversation { shown[conversation] = alert.message }
            }
            return shown
        }

        public func withdraw(_ conversations: [ConversationID]) async {
            let gone = await center.deliveredNotifications().filter { shown in
                Alert(shown).conversation.map(conversations.contains) == true
            }
            center.removeDeliveredNotifications(withIdentifiers: gone.map(\.request.identifier))
        }

        public func setBadge(_ count: Int) async {
            try? await center.setBadgeCount(count)
        }

        /// What can be done in a notification, in the user's language; to be called once, at the start of the app.
        public static func offer(reply: String, send: String, placeholder: String, markRead: String) {
            let answer = UNTextInputNotificationAction(
                identifier: NotificationAnswer.replyAction, title: reply, options: [],
                textInputButtonTitle: send, textInputPlaceholder: placeholder)
            let read = UNNotificationAction(identifier: NotificationAnswer.readAction, title: markRead, options: [])
            let category = UNNotificationCategory(
                identifier: NotificationAnswer.category, actions: [answer, read], intentIdentifiers: [],
                hiddenPreviewsBodyPlaceholder: "", options: [])
            UNUserNotificationCenter.current().setNotificationCategories([category])
        }
    }

    extension Alert {
        /// As the system shows it. Those of one conversation replace each other.
        public var content: UNMutableNotificationContent {
            let content = UNMutableNotificationContent()
            content.title = title
            content.body = body
            content.sound = .default
            content.userInfo = userInfo
            content.threadIdentifier = conversation.map { "conversation \($0.number)" } ?? "any"
            // Only what names a message can be answered.
            if message != nil { content.categoryIdentifier = NotificationAnswer.category }
            return content
        }

        fileprivate init(_ shown: UNNotification) {
            let content = shown.request.content
            self.init(conversation: nil, title: content.title, body: content.body)
            let numbers = content.userInfo
            conversation = (numbers[Self.conversationKey] as? NSNumber).map { ConversationID($0.int64Value) }
            message = (numbers[Self.messageKey] as? NSNumber).map { MessageID($0.int64Value) }
        }
    }

    extension NotificationAnswer {
        /// What the user did, as the system says it.
        public init?(_ response: UNNotificationResponse) {
            self.init(
                action: response.actionIdentifier,
                userInfo: response.notification.request.content.userInfo,
                text: (response as? UNTextInputNotificationResponse)?.userText)
        }
    }
#endif

#if canImport(Darwin)
    import Foundation

    /// Preferences in the app group's defaults.
    public struct SharedDefaults: PreferenceShelf {
        private static let key = "preferences"
        private let group: String

        /// Of this app group.
        public init(group: String) {
            self.group = group
        }

        public func load() -> Preferences {
            let kept = UserDefaults(suiteName: group)?.data(forKey: Self.key)
            return kept.flatMap { try? JSONDecoder().decode(Preferences.self, from: $0) } ?? Preferences()
        }

        public func save(_ preferences: Preferences) {
            UserDefaults(suiteName: group)?.set(try? JSONEncoder().encode(preferences), forKey: Self.key)
        }
    }

    /// A Darwin notification between the app and its extension. It carries nothing but its name.
    public struct DarwinSignal: StoreSignal {
        private let name: String

        /// In this app group.
        public init(group: String) {
            name = group + ".store-is-free"
        }

        public var freed: AsyncStream<Void> {
            let name = name
            return AsyncStream { stream in
                // Listens as long as the process lives, as the app does that asks.
                let listener = Unmanaged.passRetained(Listener(stream)).toOpaque()
                CFNotificationCenterAddObserver(
                    CFNotificationCenterGetDarwinNotifyCenter(), listener,
                    { _, listener, _, _, _ in
                        guard let listener else { return }
                        Unmanaged<Listener>.fromOpaque(listener).takeUnretainedValue().stream.yield()
                    }, name as CFString, nil, .deliverImmediately)
            }
        }

        public func tell() {
            CFNotificationCenterPostNotification(
                CFNotificationCenterGetDarwinNotifyCenter(), CFNotificationName(name as CFString), nil, nil, true)
        }

        private final class Listener {
            let stream: AsyncStream<Void>.Continuation

            init(_ stream: AsyncStream<Void>.Continuation) {
                self.stream = stream
            }
        }
    }
#endif

#if os(iOS)
    import UIKit

    /// `registerForRemoteNotifications`: the app's delegate hands the answer to ``Announcements``.
    public struct RemotePush: PushRegistrar {
        public init() {}

        public func register() async {
            await MainActor.run { UIApplication.shared.registerForRemoteNotifications() }
        }
    }
#endif
