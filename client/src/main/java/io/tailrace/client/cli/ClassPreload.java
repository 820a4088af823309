package io.tailrace.client.cli;

import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Loads the classes that the commands need and ends: the scripts make an archive of them that the
 * JVM then starts from, in half the time.
 */
public final class ClassPreload {
  private ClassPreload() {}

  /**
   * Prints a help text, connects to a port that never answers, and loads every class of the client
   * and the protocol.
   */
  public static void main(String[] arguments) throws IOException, URISyntaxException {
    System.setProperty("slf4j.internal.verbosity", "WARN");
    System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
    Terminal terminal =
        new Terminal(
            InputStream.nullInputStream(),
            OutputStream.nullOutputStream(),
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8),
            false);
    Session session = new Session(terminal, Clock.systemUTC(), () -> ZoneOffset.UTC, Map.of());
    TailraceCommand.run(session, "topic", "create", "--help");
    TailraceCommand.run(session, "topic", "lst");
    // A server that never answers: the client goes as far as its first request.
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String bootstrap = "127.0.0.1:" + silent.getLocalPort();
      TailraceCommand.run(
          session, "--bootstrap", bootstrap, "--timeout", "500ms", "topic", "list", "--json");
    }
    terminal.println(Json.document(Map.of("loaded", true)));
    new Table("NAME").row("value").print(terminal);
    int loaded = load(TailraceCommand.class) + load(ErrorCode.class);
    System.out.println("loaded " + loaded + " classes");
  }

  /** Loads every class of the jar that holds this one; returns how many could be. */
  private static int load(Class<?> one) throws IOException, URISyntaxException {
    URI jar = one.getProtectionDomain().getCodeSource().getLocation().toURI();
    int loaded = 0;
    try (ZipFile zip = new ZipFile(Path.of(jar).toFile())) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        String name = entry.getName();
        if (name.endsWith(".class") && !name.endsWith("-info.class")) {
          String className = name.substring(0, name.length() - ".class".length());
          loaded += load(className.replace('/', '.'), one.getClassLoader()) ? 1 : 0;
        }
      }
    }
    return loaded;
  }

  private static boolean load(String className, ClassLoader loader) {
    try {
      Class.forName(className, false, loader);
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false; // an optional dependency is not on the class path; commands do not need it
    }
  }
}
