package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tailrace.client.fake.FakeCluster;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The client in an application that has no Micrometer on its class path. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WithoutMicrometerTest {

  @Test
  void producesAndConsumesWhereMicrometerIsNotThere() throws Exception {
    ClassLoader loader = new HidesMicrometer(WithoutMicrometerTest.class.getClassLoader());
    assertThrows(
        ClassNotFoundException.class,
        () -> loader.loadClass("io.micrometer.core.instrument.MeterRegistry"));
    Class<?> application = loader.loadClass(Application.class.getName());
    assertNotSame(Application.class, application);
    @SuppressWarnings("unchecked")
    UnaryOperator<String> run =
        (UnaryOperator<String>) application.getDeclaredConstructor().newInstance();
    try (FakeCluster cluster = FakeCluster.start(1).topic("t", 1)) {
      assertEquals("one tea", run.apply(cluster.bootstrap()));
    }
  }

  /** Loaded by the loader that hides Micrometer, with all of the client that it uses. */
  public static final class Application implements UnaryOperator<String> {
    /** Made by reflection, from another package as the JVM sees it. */
    public Application() {}

    @Override
    public String apply(String bootstrap) {
      // As frameworks do that look for setters: resolves the types of every parameter.
      if (TailraceClient.Builder.class.getMethods().length == 0) {
        throw new AssertionError("the builder has no methods");
      }
      try (TailraceClient client = TailraceClient.connect(bootstrap)) {
        client.producer(Serdes.string(), Serdes.string()).send("t", "k", "one tea").join();
        return client
            .<String, String>consumer(Serdes.string(), Serdes.string())
            .replay("t", Position.earliest(), Position.latest())
            .stream()
            .findFirst()
            .map(ConsumerRecord::value)
            .orElseThrow();
      }
    }
  }

  /** Defines Tailrace's classes anew, so that they see only what this loader finds. */
  private static final class HidesMicrometer extends ClassLoader {
    HidesMicrometer(ClassLoader parent) {
      super(parent);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.startsWith("io.micrometer.")) {
        throw new ClassNotFoundException(name);
      }
      if (!name.startsWith("io.tailrace.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded == null ? define(name) : loaded;
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }
}
