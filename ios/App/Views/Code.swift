import CoreImage.CIFilterBuiltins
import SwiftUI
import VisionKit

/// A text as a QR code.
struct CodeView: View {
    let text: String

    var body: some View {
        if let image {
            Image(decorative: image, scale: 1)
                .interpolation(.none)
                .resizable()
                .scaledToFit()
                // Scanners want dark on light, whatever the theme, and a quiet edge.
                .padding()
                .background(.white)
                .accessibilityLabel("QR code of your address")
        }
    }

    private var image: CGImage? {
        let filter = CIFilter.qrCodeGenerator()
        filter.message = Data(text.utf8)
        guard let output = filter.outputImage else { return nil }
        return CIContext().createCGImage(output, from: output.extent)
    }
}

/// Scans a QR code where the device can, and hands on what it says.
struct ScanButton: View {
    @State private var scans = false
    private let found: (String) -> Void

    init(found: @escaping (String) -> Void) {
        self.found = found
    }

    var body: some View {
        if DataScannerViewController.isSupported {
            Button("Scan a QR code", systemImage: "qrcode.viewfinder") { scans = true }
                .sheet(isPresented: $scans) {
                    Scanner { text in
                        scans = false
                        found(text)
                    }
                    .ignoresSafeArea()
                }
        }
    }
}

private struct Scanner: UIViewControllerRepresentable {
    let found: (String) -> Void

    func makeUIViewController(context: Context) -> DataScannerViewController {
        let scanner = DataScannerViewController(recognizedDataTypes: [.barcode(symbologies: [.qr])])
        scanner.delegate = context.coordinator
        // Fails where the camera was denied: the picture stays dark, and the user closes it.
        try? scanner.startScanning()
        return scanner
    }

    func updateUIViewController(_ scanner: DataScannerViewController, context: Context) {}

    func makeCoordinator() -> Coordinator { Coordinator(found: found) }

    final class Coordinator: NSObject, DataScannerViewControllerDelegate {
        private let found: (String) -> Void
        private var isDone = false

        init(found: @escaping (String) -> Void) {
            self.found = found
        }

        func dataScanner(
            _ scanner: DataScannerViewController, didAdd added: [RecognizedItem], allItems: [RecognizedItem]
        ) {
            guard !isDone, case .barcode(let code) = added.first, let text = code.payloadStringValue else { return }
            isDone = true
            scanner.stopScanning()
            found(text)
        }
    }
}
