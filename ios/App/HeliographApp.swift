import Heliograph
import HeliographKit
import SwiftUI
import UserNotifications

/// The app: one account, signed in or not.
@main
struct HeliographApp: App {
    @UIApplicationDelegateAdaptor(AppDelegate.self) private var delegate
    @Environment(\.scenePhase) private var phase

    var body: some Scene {
        WindowGroup {
            RootView(front: delegate.front)
                .task { await delegate.front.open() }
                .onOpenURL { delegate.front.follow(link: $0.absoluteString) }
        }
        .onChange(of: phase, initial: true) { _, phase in delegate.enter(phase) }
        .backgroundTask(.appRefresh(AppRefresh.identifier)) { await delegate.front.refresh() }
    }
}

/// What the system tells the app beside its views: push tokens, and what was done to notifications.
@MainActor
final class AppDelegate: NSObject, UIApplicationDelegate {
    /// The app itself. Everything that is decided is decided there.
    let front = Front(
        accounts: .shared,
        services: Services(
            network: PathWatch(), power: DevicePower(), schedule: AppRefresh(), board: SystemNotifications(),
            registrar: RemotePush(), shelf: SharedDefaults(group: AppGroup.name),
            signal: DarwinSignal(group: AppGroup.name)),
        words: .translated,
        push: .ofThisBuild)

    func application(
        _ application: UIApplication,
        didFinishLaunchingWithOptions options: [UIApplication.LaunchOptionsKey: Any]? = nil
    ) -> Bool {
        SupportLog.start(at: .info)
        UNUserNotificationCenter.current().delegate = self
        SystemNotifications.offer(
            reply: String(localized: "Reply"), send: String(localized: "Send"),
            placeholder: String(localized: "Message"), markRead: String(localized: "Mark as read"))
        return true
    }

    func application(_ application: UIApplication, didRegisterForRemoteNotificationsWithDeviceToken token: Data) {
        Task { await front.session?.announcements.tokenCame(token) }
    }

    func application(_ application: UIApplication, didFailToRegisterForRemoteNotificationsWithError error: any Error) {
        front.session?.announcements.tokenRefused()
    }

    /// Follows the scene. Going behind takes a moment, which the system grants if it is asked for.
    func enter(_ phase: ScenePhase) {
        switch phase {
        case .active: Task { await front.enterForeground() }
        case .background:
            let application = UIApplication.shared
            let moment = application.beginBackgroundTask(withName: "closing the store")
            Task {
                await front.enterBackground()
                application.endBackgroundTask(moment)
            }
        default: return
        }
    }
}

extension AppDelegate: UNUserNotificationCenterDelegate {
    /// While somebody looks at the app, its own screens say what came.
    nonisolated func userNotificationCenter(
        _ center: UNUserNotificationCenter, willPresent notification: UNNotification
    ) async -> UNNotificationPresentationOptions {
        []
    }

    nonisolated func userNotificationCenter(
        _ center: UNUserNotificationCenter, didReceive response: UNNotificationResponse
    ) async {
        guard let answer = NotificationAnswer(response) else { return }
        await front.act(on: answer)
    }
}

extension PushService {
    /// Whoever builds the app names their push service in project.yml; without one, nothing wakes the app but the system's schedule.
    fileprivate static var ofThisBuild: PushService? {
        let address = Bundle.main.object(forInfoDictionaryKey: "HeliographPushService") as? String ?? ""
        return address.isEmpty ? nil : PushService(address: address)
    }
}
