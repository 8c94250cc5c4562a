// Apple's services behind the protocols of Platform.swift. Not compiled anywhere but on Apple's systems, so there is as little
// of it as can be.

#if canImport(Security)
    import Foundation
    import Security

    /// The keychain. The key never leaves this device, and can be read from the first unlock after a restart on, so that a
    /// push message can be followed up while the device is locked.
    public struct Keychain: KeyStore {
        /// What the keychain answered.
        public struct Refusal: Error {
            /// Security's own code.
            public let status: OSStatus
        }

        private let group: String

        /// The items of this access group, which app and extension share.
        public init(group: String) {
            self.group = group
        }

        private var item: [CFString: Any] {
            [
                kSecClass: kSecClassGenericPassword,
                kSecAttrService: "org.heliograph.store",
                kSecAttrAccount: "key",
                kSecAttrAccessGroup: group,
                kSecUseDataProtectionKeychain: true,
            ]
        }

        public func save(_ key: Data) throws {
            SecItemDelete(item as CFDictionary)
            let added = item.merging([
                kSecValueData: key,
                kSecAttrAccessible: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
            ]) { $1 }
            let status = SecItemAdd(added as CFDictionary, nil)
            guard status == errSecSuccess else { throw Refusal(status: status) }
        }

        public func load() throws -> Data? {
            var found: CFTypeRef?
            let query = item.merging([kSecReturnData: true]) { $1 }
            switch SecItemCopyMatching(query as CFDictionary, &found) {
            case errSecSuccess: return found as? Data
            case errSecItemNotFound: return nil
            case let status: throw Refusal(status: status)
            }
        }
    }
#endif

#if canImport(Network)
    import Foundation
    import Network

    /// The network as `NWPathMonitor` tells of it.
    public struct PathWatch: NetworkWatch {
        public init() {}

        public var snapshots: AsyncStream<NetworkSnapshot> {
            AsyncStream { stream in
                let monitor = NWPathMonitor()
                monitor.pathUpdateHandler = { path in
                    let interface = path.availableInterfaces.first
                    stream.yield(
                        NetworkSnapshot(
                            isAvailable: path.status == .satisfied, id: interface.map { "\($0.type) \($0.name)" }))
                }
                stream.onTermination = { _ in monitor.cancel() }
                monitor.start(queue: DispatchQueue(label: "org.heliograph.network"))
            }
        }
    }
#endif

#if os(iOS)
    import BackgroundTasks
    import UIKit

    /// Low power mode and the charger.
    public struct DevicePower: PowerWatch {
        public init() {}

        public var snapshots: AsyncStream<PowerSnapshot> {
            AsyncStream { stream in
                let watching = Task { @MainActor in
                    UIDevice.current.isBatteryMonitoringEnabled = true
                    stream.yield(.now)
                    let center = NotificationCenter.default
                    async let low: Void = {
                        for await _ in center.notifications(named: .NSProcessInfoPowerStateDidChange) {
                            await stream.yield(.now)
                        }
                    }()
                    async let charger: Void = {
                        for await _ in center.notifications(named: UIDevice.batteryStateDidChangeNotification) {
                            await stream.yield(.now)
                        }
                    }()
                    _ = await (low, charger)
                }
                stream.onTermination = { _ in watching.cancel() }
            }
        }
    }

    extension PowerSnapshot {
        @MainActor fileprivate static var now: PowerSnapshot {
            PowerSnapshot(
                isLow: ProcessInfo.processInfo.isLowPowerModeEnabled,
                isCharging: [.charging, .full].contains(UIDevice.current.batteryState))
        }
    }

    /// `BGAppRefreshTask`.
    public struct AppRefresh: RefreshSchedule {
        /// What `Info.plist` permits.
        public static let identifier = "org.heliograph.app.refresh"

        public init() {}

        public func wake(notBefore date: Date) throws {
            let request = BGAppRefreshTaskRequest(identifier: Self.identifier)
            request.earliestBeginDate = date
            try BGTaskScheduler.shared.submit(request)
        }
    }
#endif
