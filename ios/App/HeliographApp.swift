import Heliograph
import HeliographKit
import SwiftUI

/// The app: one account, signed in or not.
@main
struct HeliographApp: App {
    @State private var root = Root()
    @Environment(\.scenePhase) private var phase

    var body: some Scene {
        WindowGroup {
            RootView(root: root)
                .task { await root.open() }
        }
        .onChange(of: phase) { _, phase in
            Task { await root.enter(phase) }
        }
        .backgroundTask(.appRefresh(AppRefresh.identifier)) {
            await root.refresh()
        }
    }
}

/// The account of this device, and the system's services for it.
@MainActor
@Observable
final class Root {
    /// Shared with the notification service: see project.yml.
    static let group = "group.org.heliograph.app"

    let accounts: Accounts
    private(set) var session: Session?
    private(set) var failure: HeliographError?

    init() {
        let container = FileManager.default.containerURL(forSecurityApplicationGroupIdentifier: Self.group)
        accounts = Accounts(folder: container ?? .documentsDirectory, keys: Keychain(group: Self.group))
    }

    func open() async {
        guard session == nil, accounts.hasAccount else { return }
        do {
            await use(try await accounts.open())
        } catch {
            failure = error as? HeliographError
        }
    }

    func use(_ client: Client) async {
        session = Session(client: client, network: PathWatch(), power: DevicePower(), schedule: AppRefresh())
        await enter(.active)
    }

    func enter(_ phase: ScenePhase) async {
        do {
            switch phase {
            case .active: try await session?.enterForeground()
            case .background: try await session?.enterBackground()
            default: return
            }
            failure = nil
        } catch {
            failure = error as? HeliographError
        }
    }

    func refresh() async {
        await open()
        _ = try? await session?.refresh()
    }
}
