// Stands in for webin-cli: the same arguments, texts and exit codes, as far as they are relied on.
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

public class WebinCli {
    static final String WEBIN = "@WEBIN@";
    static Path report;

    public static void main(String[] arguments) throws IOException {
        Map<String, String> options = new HashMap<>();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            options.put(equals < 0 ? argument : argument.substring(0, equals), equals < 0 ? "" : argument.substring(equals + 1));
        }
        report = Path.of(options.get("-outputDir"), "webin-cli.report");
        Map<String, String> manifest = new HashMap<>();
        for (String line : Files.readAllLines(Path.of(options.get("-manifest")))) {
            String[] cells = line.split("\t");
            manifest.put(cells[0], cells[1]);
        }
        if (!Files.isRegularFile(Path.of(manifest.get("FASTA")))) { end("ERROR: no such file: " + manifest.get("FASTA"), 2); }
        if (options.containsKey("-validate")) { end("INFO : Submission(s) validated successfully.", 0); }
        String test = options.containsKey("-test") ? "/test" : "/submit";
        String who = options.get("-userName") + ":" + System.getenv(options.get("-passwordEnv"));
        HttpURLConnection webin = (HttpURLConnection) URI.create(WEBIN + test).toURL().openConnection();
        webin.setRequestProperty("Authorization", "Basic " + Base64.getEncoder().encodeToString(who.getBytes(StandardCharsets.UTF_8)));
        webin.setDoOutput(true);
        webin.getOutputStream().write(manifest.get("ASSEMBLYNAME").getBytes(StandardCharsets.UTF_8));
        int status = webin.getResponseCode();
        String accession = status == 200 || status == 409 ? new String((status == 200 ? webin.getInputStream() : webin.getErrorStream()).readAllBytes(), StandardCharsets.UTF_8) : "";
        if (status == 401) { end("ERROR: Invalid submission account user name or password.", 3); }
        if (status == 409) { end("ERROR: The object being added already exists in the submission account with accession: \"" + accession + "\".", 3); }
        if (status != 200) { end("ERROR: A server error occurred when submitting: " + status, 1); }
        if (test.equals("/test")) { end("INFO : This was a TEST submission(s). The following analysis accession was assigned: " + accession, 0); }
        end("INFO : The submission has been completed successfully. The following analysis accession was assigned to the submission: " + accession, 0);
    }

    static void end(String text, int code) throws IOException {
        Files.writeString(report, text + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        System.exit(code);
    }
}
