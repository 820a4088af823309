package io.tailrace.broker;

/** The version of this build. */
final class Version {
  private Version() {}

  /** As the build stamped it into the jar; {@code dev} when classes run from elsewhere. */
  static String current() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }
}
