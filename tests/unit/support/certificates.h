// Certificates for tests, made with the openssl program when they are first asked for, in a folder of their own that
// goes with the process. Authorities "server" (with an intermediate one) and "client"; leaves by name.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tls/options.h"

namespace ringpost::test {

class Certificates {
 public:
  static Certificates& get() {
    static Certificates one;
    return one;
  }
  ~Certificates() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  static std::string read(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
  }
  static void write(const std::string& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

  std::string server_ca() const { return path("root.pem"); }
  std::string client_ca() const { return path("clientca.pem"); }
  tls::CertificateFiles files(const std::string& name) const { return {path(name + ".pem"), path(name + ".key"), {}}; }

  /// Runs the program; its output when it ends with 0.
  std::string openssl(const std::string& arguments) const {
    const std::string command = "cd " + folder_ + " && openssl " + arguments + " >out 2>&1 </dev/null";
    const int status = std::system(command.c_str());
    const std::string output = read(path("out"));
    EXPECT_EQ(status, 0) << command << "\n" << output;
    return output;
  }

  /// NAME.pem (the leaf, then the intermediate one) and NAME.key, signed by "inter" or "clientca".
  void make_leaf(const std::string& name, const std::string& key, const std::string& extensions,
                 const std::string& issuer = "inter", const std::string& dates = "-days 30") const {
    make_key(name, key);
    openssl("req -new -key " + name + ".key -subj '/O=Test/CN=" + name + "' -out " + name + ".csr");
    write(path(name + ".ext"), extensions);
    openssl("x509 -req -in " + name + ".csr -CA " + issuer + ".pem -CAkey " + issuer + ".key -CAcreateserial " + dates +
            " -extfile " + name + ".ext -out " + name + ".leaf");
    write(path(name + ".pem"), read(path(name + ".leaf")) + (issuer == "inter" ? read(path("inter.pem")) : ""));
  }
  /// NAME.pem and NAME.key whose dates are given as openssl ca wants them: YYYYMMDDhhmmssZ.
  void make_dated(const std::string& name, const std::string& from, const std::string& until) const {
    make_key(name, "ec");
    openssl("req -new -key " + name + ".key -subj '/CN=" + name + "' -out " + name + ".csr");
    write(path("ca.cnf"),
          "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n"
          "[p]\ncommonName=supplied\n");
    write(path("index"), "");
    openssl("ca -batch -config ca.cnf -rand_serial -in " + name +
            ".csr -cert inter.pem -keyfile inter.key -startdate " + from + " -enddate " + until + " -notext -out " +
            name + ".pem");
  }

 private:
  Certificates() {
    char folder[] = "/tmp/ringpost-certificates-XXXXXX";
    EXPECT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
    make_authority("root", "");
    make_authority("inter", "root");
    make_authority("clientca", "");
    make_leaf("ecdsa", "ec", "subjectAltName=DNS:mail.example.org,DNS:*.wild.example.org,IP:127.0.0.1");
    make_leaf("rsa", "rsa", "subjectAltName=DNS:rsa.example.org");
    make_leaf("client", "ec",
              "subjectAltName=email:anna@example.org,DNS:printer.example.org\nextendedKeyUsage=clientAuth", "clientca");
    make_dated("expired", "20200101000000Z", "20210101000000Z");
    make_dated("future", "20480101000000Z", "20490101000000Z");
  }

  void make_key(const std::string& name, const std::string& key) const {
    openssl(key == "rsa" ? "genrsa -out " + name + ".key 2048"
                         : "ecparam -genkey -name prime256v1 -noout -out " + name + ".key");
  }
  void make_authority(const std::string& name, const std::string& issuer) const {
    make_key(name, "ec");
    const std::string extensions =
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
        "subjectKeyIdentifier=hash\n";
    write(path(name + ".ext"), extensions);
    openssl("req -new -key " + name + ".key -subj /CN=" + name + " -out " + name + ".csr");
    const std::string signer = issuer.empty() ? "-signkey " + name + ".key"
                                              : "-CA " + issuer + ".pem -CAkey " + issuer + ".key -CAcreateserial";
    openssl("x509 -req -in " + name + ".csr " + signer + " -days 30 -extfile " + name + ".ext -out " + name + ".pem");
  }

  std::string folder_;
};

}  // namespace ringpost::test
