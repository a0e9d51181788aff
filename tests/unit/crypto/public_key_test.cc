#include "crypto/public_key.h"

#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"

namespace ringpost::crypto {
namespace {

// Keys and signatures of "a message", made once by another library; those of RFC 7515 A.2.
constexpr std::string_view rsa_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAm+xVJo9lK0cc+pw6d6Zc\n"
    "/btkTrKfii8CDXGiKRqLRWKnKzK72JoMzzezcIDRCwCyAY/RWq7LkITMHkUQG0Mh\n"
    "/IhxTnSGDg1nWUOpnYNwC6RKRczeNshuLiyCzoocn/+e+XNMUzvi40zVRDBJAGP3\n"
    "D/FG5SoWpt3V7nD0x/8o3jmhmJU4Wm4pcC0QhZWluvm+egkf09KUmi9fZIw7ceYD\n"
    "+TROILj2dTOSAtc1M+vgfKlIZGoRhrdKuWhiOmK8crficCIFL63+mdTu1IKUz/Sk\n"
    "dyZjgU1qO87+c814TbQ6fM0M4UhNc5Jp43+sEO3fwrvJo8U0QyqWzseNAV7zvkgE\n"
    "AwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view p256_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFgmD1e34v0JJ/OZyTwpTv2XQxFDq\n"
    "SmCQnknZjKAYbLOAJNzUj/ZSrRim73TxK+XXsLbEuYXCxU5iWtVnGe767A==\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view p384_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEaA31oOb88pqpXUtClkX2tVwb73kP3dLz\n"
    "PhEKFZiYE1YhOjZ3Jn1HIz335rxWGnj59G9ONpkRP9HICy8kiufGeIXnbHxkcKMa\n"
    "FuMXjp6YsbJQM2eo2mvUeUZzpPFYLFRJ\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view p521_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQA9bSqMWss8ElhI3X/Xcj3n3rQ8Nqa\n"
    "6skHd8zUPbelgj25fd4T1jZ22P1pygUdvkRJiLNOr1l830FcarTMmq4mkKwAOjO1\n"
    "mg0ThpPGLnoqDqNOIIsy/1rWRgzjtdx25v8oPYimzCw+OkYZWyi7x7+MXT5xDy2/\n"
    "QOiWnIcSEO6iRds4Kn0=\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view ed25519_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEADrw33krKG4zPTPlJsEUg6LibETIPNKF7s2Kg0de0BXQ=\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view secp256k1_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEracZ2wnJWdUs/7Ljf88TiHJL+mcV4lLM\n"
    "C3iVuF90u9BdU8MzBe2zGF790hh4qezCUWMd3qCy5qNINWbwgCx9Eg==\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view short_rsa_pem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDVC7SVmXAp++eXFxw77PQ9r4Sl\n"
    "VqFyy8f/f4qt12XESYzN6JWq6f0THHry8RljrThPvdt5KYyOBNm54ZnmP3kqTPzA\n"
    "yFK6K1l8XaomH05AitmXb8Ur5iYYBYpvmo+FgajxdZqg7a8hcE2MOk/c7wgyAbQn\n"
    "PqgpEZgdZDmMooDUtQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view rs256_signature =
    "H7aPQgzHTfzuSFCK-oYbb10-hOBWACy3D76aXPfGYlTnjq4NBzDRfgD98ZAv-1Yylavcab8hnMsazB_jt4kvLs88fNvzlNfMtMHO"
    "lXTaUEf5O8mL4mGMh85dpSL6WdG4_6NjpyzR0O_gUHGFn2Gl-LJpXEYHk8aQJUw1YSvqMDGcCEZT8Gspq36neN_Sfn1sN-7xrDol"
    "5RHhNeODqMHZcy9ywCWKb6GkhtqYxrGs1vhAsAPq4BJwguvGBj9JQY2ivHSs9TEHAOmMwqRLnxvrL0rLOPlTr8HlU1dRMUspaPA0"
    "GczMCfPhVfiyKhLHqPpgnq9VzBodtfLyB8H2IW-fSA";
constexpr std::string_view rs384_signature =
    "Krk1oSDmsJzNkAcGh5n2Em6VSnQvNo-i0VQ1n7KAb7GYNc8qX8mNA1ZnE5xUCdFf7Kk8dAmZD8Ea9T2wAg6ESfLwqzEjdubEX0kK"
    "M3iJftvoQtZgecXPVRWEAQ8Ylezoi5ElZ4YjpFkGp2ZpVgbGuTfL6RJzlY0bsSuW30nwdr6nBuf9A-cDeadj7s-7EcGTkMBCexB6"
    "y9xTO1_4oWQRlVlOow8E_KKE1mknNHLALCIrpmarlIskOVnZneD-Lti71IhkIUgCDzEr_hjbS-QoSFxTR3OJ4DHf9yhO4IkOuzR0"
    "E5hRhszedSeT_sfjhYpDc49VLs-XbnJWxCvZWz5nIg";
constexpr std::string_view rs512_signature =
    "AwlobbEianiumMEp7XmR2fFcOyV6LRSZ_HK0rwALAcrgtWpAot1ouKfKc2XACkzskIBlpoqCMB3iOmNMyZ7cheouyNk_cFcoHQoL"
    "RIsfd35tupYdCtbQfHOtYQ07JYi2BC9f7PUbTPwkQDFM6n_HfJdsD-LfPWALzYUZd13eTERDvPEK53dVenlZC2iqXPFshENRmhh9"
    "O49jVp452mJhE1iXONa5fSOgw__YV-ajn0b-h1gYj7Lo2GJLhfAxl6eXYJZ8-AJ-pG7l1aX9bAc9FAvkHaI7-28eLPJegIXmrZ7a"
    "YFGZ6-FJs1GlZkC7Aqx9lcSTWT8TaFsegEcrvVvNHQ";
constexpr std::string_view ps256_signature =
    "Q_Ps2uxqlkWG3qs4GWOgozvza_a0v288tI6xQOttCv_nXVvFJoBgqVmEt9asFlAmkRXHMF5nI5nmoUzBIBjlceNB_ZgSBINctRmm"
    "f65bS9ZgBMcyHsxMz0H_FDEExLYKqvnPNccjaF8nz--x9ZSDRhByh4fd8vJ5gowcyexFgJJu4rnzHLklxEekiXSq7grmooOFYc7w"
    "2Mfkl0lLP1-wDZs139yRBqxtEjuqmJE74daZEDzrlOJgHoveWWUnomGt3vB0fwOgKWP6DxsL7AxbWyha7NE5aMVw0yZUYMak0Mtl"
    "b1J4wQ3i5IAlTaTAGb1Djwj6aOmZ9CHAPDi7U-t4TA";
constexpr std::string_view ps384_signature =
    "KpG32yROKJZHeshwD7IuRhNmvaVlj4PZoRZKv05nVCKRGD3cef7kzrkVoUTM0EIUtFnFWwy9t5fpMN0gSx6WUGXvW4xTijCCMm5A"
    "EgXuEEkrruDY5T7SDw7PLHkjd9HOrXpbP0Q_C2_zsnNc--uVS9WTDEZZK2QalDlZQd0rmK5_z4H135TNi5o7WcJp6AM_r1CyCnDN"
    "DoJDa53yW31qJZziBIHlko4FVCJB5VMnWpEXE67uYTaiSmyJasAJtmns_pC9X-DElMQ1UXjNAr5vtSQETLSch35paf3X7LEsi32b"
    "wLdPV4fUaOfDEAkDJCuEUbKvL9HEl9ZSh4kEKZSNgg";
constexpr std::string_view ps512_signature =
    "TUVNolUtJhJyQ4jTcV5xCcqe5r07Wsj1IB8BIBMkak3b1reJsqWyVJdYJT7Jc2oA2sThAjR_k3xorw8gUy27DSWUdSpPg9n7-4UI"
    "7AwZq0QrNLyC0i5IEhOul8Ia0ENkjgGnarxEtWIgnsi6cjJB3uHx6tLIudGw2rlsd1tnAuQm4flQGSoVFL8Jv0e4kGnnKxtDarYS"
    "0vD2-ATnXqflRh6rmpnsz1IoEOGw8OwizzfDbzkhQt9-WhCj9E082YPx0s42xgW2xlGL1hqQcvHaG77-p-RnVoKnEojHIwgOQ6Tb"
    "fkx9iVxWmyJOOyVyPp1xa6GvqEtX_1HbQLBtUvd0XQ";
constexpr std::string_view ps256_without_salt_signature =
    "kbugWXko3vTrK2FmuG8mTykSNEkOJd1Ixxg1Y_4sU_Gedwp2_v7adsV5STpVXLjdtYS8CF-4lNKbBv9zSr_b9EGxG75LtDTlIFKb"
    "YBh6YBNnzaVR6ItPQSjJSHJhmq-6RCtndz1h-sfIBDC7vOwTBbE1FjU8jEtrPF7iQpnThiEHWHIVJejqUrgkdPvxcCsGPV9tXGVq"
    "I6MNEYCfXpAqAgAH0-hiBoGT2zcqhpgEXTzQD-NBPKRLU1GiRas19w61mO8zXFJkR3iEe8etgnyANLVaXOo63gBw4Hu_3FfYNgET"
    "6UEYrHdhu3a4Z3LlIV9mM21PNCFwQdmHqhpIrmytUw";
constexpr std::string_view es256_signature =
    "lHJMrUkoEPEtMHSDFcsrPhLyz-gneCZmdglYbY0qsQSoL1nmAf5Qrph6pIVA2DjQ1cTjY4QERJ489f8dU1P2PQ";
constexpr std::string_view es384_signature =
    "4pwL_qseh-EuvJ22mA7UilBtdmaJ0ffOifgX8RhgppCC0p6R5kpPuj9_kAlq2vqU9mnTU1xoxr3cOt6DbXta4c3Kt57wGcrbDcsW"
    "xtp5t5aVW5DwvqzJUbbedkYLsAX0";
constexpr std::string_view es512_signature =
    "ASVVOt0ftetbW2VjMNOClNp5-jPIucFzkxz6ls71aXDPTacWSiKA415L4LTkKQqlerLnLQpERYcQRyuod33uuH9KAPxYhfxVpXfh"
    "sT0MjcTHUCYhvb0ihzlfWn1SHj7SMQ7gGbHFBw7zcWozP7JBNs4RzB_y3cg2TgT5Xh7g-Bi6j92a";
constexpr std::string_view ed25519_signature =
    "s2sO3Tcy45s4IWDaWmMueeOuICfy7mATgMPJh7qY_mLBEB9e2cWec_dE9raWJQUfb7Ybmj5vUETCC-zs8wobCw";
constexpr std::string_view rfc7515_modulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR"
    "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB"
    "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia"
    "GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
constexpr std::string_view rfc7515_rs256_signature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9"
    "uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB"
    "_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq"
    "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
constexpr std::string_view rfc7515_payload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

// Private keys that belong to nobody, made for this test, and their public ones (DER).
constexpr std::string_view p256_sec1 =
    "MHcCAQEEILod4IUoIXU4L8C72Jc3IYsSWXPj7ZtjWTR5CmFOKCoboAoGCCqGSM49AwEHoUQDQgAER14K3e3kmO_KVgOUL8PHIv8h"
    "xgQa1b5yZLUTvOT1hAUbpf5mkvOJIV-obqw5fJOjuirktDdItf7hFomO3YY22Q";
constexpr std::string_view p256_pkcs8 =
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQguh3ghSghdTgvwLvYlzchixJZc-Ptm2NZNHkKYU4oKhuhRANCAARH"
    "Xgrd7eSY78pWA5Qvw8ci_yHGBBrVvnJktRO85PWEBRul_maS84khX6hurDl8k6O6KuS0N0i1_uEWiY7dhjbZ";
constexpr std::string_view p256_spki =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAER14K3e3kmO_KVgOUL8PHIv8hxgQa1b5yZLUTvOT1hAUbpf5mkvOJIV-obqw5fJOj"
    "uirktDdItf7hFomO3YY22Q";
constexpr std::string_view p384_pkcs8 =
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDCMKJVYz6JhoXGBSAy5PQwmNedaNMUf3IrqBlTZtTRCEx2qjKc7o6mo"
    "JMWCUolJgCKhZANiAASIAeGwPoPijOUxCcasqkLYxgVe3Nfth-TQs6BeFpranK64HgPruDDI2up6Q_dE6r_NCRspi445jnVpvC9N"
    "DnQpd4Yabhu3giwGQRvZiehCvKNxDoawHRwUqk1zc650JmU";
constexpr std::string_view p384_spki =
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEiAHhsD6D4ozlMQnGrKpC2MYFXtzX7Yfk0LOgXhaa2pyuuB4D67gwyNrqekP3ROq_zQkb"
    "KYuOOY51abwvTQ50KXeGGm4bt4IsBkEb2YnoQryjcQ6GsB0cFKpNc3OudCZl";
constexpr std::string_view ed25519_pkcs8 = "MC4CAQAwBQYDK2VwBCIEICH2EnEs6GNXPG8M1jaqsLBNWplS9QuSaQUPh3gIvuHp";
constexpr std::string_view ed25519_spki = "MCowBQYDK2VwAyEA7kZuF356k8RwrMLD1SJNdLx-Mqz27RSTxK4uKpsbvgo";
constexpr std::string_view rsa_pkcs1 =
    "MIIEpQIBAAKCAQEAzQE7Fn_yl4cANLROW1r0IJwc1kkZcP_siURXo6MqQxq0s1PYGcr1XKxXv63hudLTzLg4tSHkSNbJgy6XMFpC"
    "7g85xObcvx8ARbchtKgc-gDefE3sG41GufFaBt2B_cN0ngiF9FjKvyqUBvROM1nWzdf18WT0hrLdY38OR8SkZhCZhgKVeVpFLRXC"
    "Zst6cdZILK3kx02XqiuM9rX8x28AHGYU-dZ3RfxesJ7B_vasFC1nh_goKbaSufQ26QLwMjoH6mEecqh5oQEegWnQCnT8Eu-D2iKt"
    "-Z0mCNjJG2d8MfKkckdiA4YF3NR1dXkzgCVfi1bHuyrlrbfqSStRqr6HUQIDAQABAoIBAB7KSbN3lG-MGrdPwhm4KkTVkwKKPcnP"
    "iRlqzCuV1OykOlyuwfJ0cxqwAIlCVqNKwNNAHgryeVoz9wB-wxLDk8belDjNyyeMwpqLRq2JYboY3vxWKxlORD-m5MnK2NHM2ps7"
    "wNFyHpgiDyk7kJ080pAzGKDgyVXhJR2Nq-Q9QCCF-5d8lnnZ6in5XYHrhK3_sPn5--SDYWqw3dGFDP5dopQDO9pCic2M5wvuEYhb"
    "FlixopFCUBkpfqv298pLrJZRNr4rXwKu-CafRshy0qqDR_-ScB1xRE-oW8kS7RHVyIRNNdXNb4AXmwQTUACy6MrcHvROYCvV_uhf"
    "ukj4Mbw91XsCgYEA_Hv9bT0KnfJEbiAtorMs7I8is60l1s86iWWZdbBJIpxhOD2QeH2-fbsyW7zZG-mD-MEUz8tx7NTqw0lSEcQd"
    "z-H88ABcFqWmSXkz56xbE1-0zFsIDXbyaT3eFR-uiEz1HtP6Z1ge6-wqMdJZHHe7syeR60C29Z5m4rVW1G8HiksCgYEAz9v-mHGi"
    "bn8Wb938dPUrNQ3pbjL5A8AAv5tacGsFH20du89DE45MqWWt3dpqISPsBOWvPN2UJT0w_XIc7RBpzrm8deW8JHyiHROlnyEZ37-g"
    "zBbVMTzU0vUr7qiyNAPF_vHg8XUrUKbTEYzQGCGWGqJ9zusbJi1N71MF82xnc1MCgYEAg7AP4FgEH5lqw52Y79FQTxng2aInqEBx"
    "oZQSVGXb32d89Z52qcG8B0wJ2ftHqd1D7gyW1EKiawoqYCzv10BY5EJUcMFfRpijgJLs1Zr57cLvQ97-9jbh_K4-FPpvR7wL5UZe"
    "xmQZzKdi4pV50PVKOwkafH9GbhluRDSc0zQN1L0CgYEAzBAavuawpPI3wNOaieg35voldX6tYbUaBwIpo7wtZ1DkpAEyxPwq3xNn"
    "wiovjyGJELW9eG_AhV6xveBN7Z7zgXRvRP-p2dhR_2HOc483q6ah4jt4ScKC3ii8XK1ZZh9ePpCQWfzB7YgaJ1yq30X562QjRwUh"
    "vjU0EgTcDsMaPOkCgYEA-EtZ7qe8KTnSZbh46OV7oFV4WsVDPZje4DbnR8ke5IlNl-EyFJ5bvXqUJ_J64BNmBkEHn4vMnATdNGKu"
    "vuy37Z07q0QI77dn79_KG9xyOofHS9PTxUeE9vUTb8xCf0AX_K9vrTJSrh0LmH33sG2fyR9u7P6Q-E5xr-bTvcf9e1Q";
constexpr std::string_view rsa_spki =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAzQE7Fn_yl4cANLROW1r0IJwc1kkZcP_siURXo6MqQxq0s1PYGcr1XKxX"
    "v63hudLTzLg4tSHkSNbJgy6XMFpC7g85xObcvx8ARbchtKgc-gDefE3sG41GufFaBt2B_cN0ngiF9FjKvyqUBvROM1nWzdf18WT0"
    "hrLdY38OR8SkZhCZhgKVeVpFLRXCZst6cdZILK3kx02XqiuM9rX8x28AHGYU-dZ3RfxesJ7B_vasFC1nh_goKbaSufQ26QLwMjoH"
    "6mEecqh5oQEegWnQCnT8Eu-D2iKt-Z0mCNjJG2d8MfKkckdiA4YF3NR1dXkzgCVfi1bHuyrlrbfqSStRqr6HUQIDAQAB";

constexpr std::string_view message = "a message";

std::string octets(std::string_view text) {
  return base64url_decode(text).value();
}

PublicKey key(std::string_view pem) {
  return PublicKey::from_pem(pem).value();
}

struct Case {
  SignatureScheme scheme;
  std::string_view pem, signature;
};
constexpr Case cases[] = {
    {SignatureScheme::rs256, rsa_pem, rs256_signature},  {SignatureScheme::rs384, rsa_pem, rs384_signature},
    {SignatureScheme::rs512, rsa_pem, rs512_signature},  {SignatureScheme::ps256, rsa_pem, ps256_signature},
    {SignatureScheme::ps384, rsa_pem, ps384_signature},  {SignatureScheme::ps512, rsa_pem, ps512_signature},
    {SignatureScheme::es256, p256_pem, es256_signature}, {SignatureScheme::es384, p384_pem, es384_signature},
    {SignatureScheme::es512, p521_pem, es512_signature}, {SignatureScheme::ed25519, ed25519_pem, ed25519_signature},
};

TEST(PublicKey, EverySchemeVerifiesItsOwnSignatureAndNoOther) {
  for (const Case& signed_by : cases) {
    for (const Case& read_as : cases) {
      const bool same = signed_by.scheme == read_as.scheme;
      EXPECT_EQ(key(read_as.pem).verifies(read_as.scheme, message, octets(signed_by.signature)), same)
          << signed_by.signature;
      EXPECT_EQ(key(signed_by.pem).verifies(read_as.scheme, message, octets(signed_by.signature)), same)
          << signed_by.signature;
    }
  }
}

TEST(PublicKey, AnyChangedBitBreaksTheSignature) {
  for (const Case& c : cases) {
    const PublicKey with = key(c.pem);
    const std::string good = octets(c.signature);
    EXPECT_FALSE(with.verifies(c.scheme, "a messagf", good));
    EXPECT_FALSE(with.verifies(c.scheme, "", good));
    for (std::size_t i = 0; i < good.size(); i += 7) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 0x20);
      EXPECT_FALSE(with.verifies(c.scheme, message, bad)) << i;
    }
    EXPECT_FALSE(with.verifies(c.scheme, message, ""));
    EXPECT_FALSE(with.verifies(c.scheme, message, good.substr(1)));
    EXPECT_FALSE(with.verifies(c.scheme, message, good + '\0'));
    EXPECT_FALSE(with.verifies(c.scheme, message, std::string(good.size(), '\0')));
    EXPECT_FALSE(with.verifies(c.scheme, message, std::string(good.size(), '\xff')));
  }
}

TEST(PublicKey, SaltOfPssHasTheDigestsLength) {
  EXPECT_FALSE(key(rsa_pem).verifies(SignatureScheme::ps256, message, octets(ps256_without_salt_signature)));
}

TEST(PublicKey, NumbersOfRfc7515And8037) {
  const auto signed_text = [](std::string_view header) {
    return std::string(header) + "." + std::string(rfc7515_payload);
  };
  const auto rsa = PublicKey::rsa(octets(rfc7515_modulus), octets("AQAB"));
  ASSERT_TRUE(rsa);
  EXPECT_TRUE(
      rsa->verifies(SignatureScheme::rs256, signed_text("eyJhbGciOiJSUzI1NiJ9"), octets(rfc7515_rs256_signature)));
  const auto ec = PublicKey::elliptic(PublicKey::Kind::p256, octets("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                                      octets("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
  ASSERT_TRUE(ec);
  EXPECT_TRUE(
      ec->verifies(SignatureScheme::es256, signed_text("eyJhbGciOiJFUzI1NiJ9"),
                   octets("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")));
  const auto edwards = PublicKey::edwards(octets("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
  ASSERT_TRUE(edwards);
  EXPECT_TRUE(edwards->verifies(
      SignatureScheme::ed25519, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
      octets("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")));
}

TEST(PublicKey, WeakOrStrangeKeysAreRefused) {
  const std::string modulus = octets(rfc7515_modulus);
  EXPECT_FALSE(PublicKey::rsa(modulus, std::string_view("\1", 1)));
  EXPECT_FALSE(PublicKey::rsa(modulus, std::string_view("\4", 1)));
  EXPECT_FALSE(PublicKey::rsa(modulus, ""));
  EXPECT_FALSE(PublicKey::rsa(modulus, std::string(9, '\1')));
  EXPECT_FALSE(PublicKey::rsa("", "\3"));
  EXPECT_FALSE(PublicKey::rsa(modulus.substr(128), "\3"));
  EXPECT_FALSE(PublicKey::rsa(modulus + modulus + modulus, "\3"));
  EXPECT_TRUE(PublicKey::rsa(std::string(1, '\0') + modulus, octets("AQAB")));
  EXPECT_FALSE(PublicKey::elliptic(PublicKey::Kind::p256, std::string(32, '\1'), std::string(32, '\1')));
  EXPECT_FALSE(PublicKey::elliptic(PublicKey::Kind::p256, std::string(32, '\0'), std::string(32, '\0')));
  EXPECT_FALSE(PublicKey::elliptic(PublicKey::Kind::p384, std::string(32, '\1'), std::string(32, '\1')));
  EXPECT_FALSE(PublicKey::elliptic(PublicKey::Kind::rsa, std::string(66, '\1'), std::string(66, '\1')));
  EXPECT_FALSE(PublicKey::edwards(std::string(31, '\1')));
  EXPECT_FALSE(PublicKey::from_pem(secp256k1_pem));
  EXPECT_FALSE(PublicKey::from_pem(short_rsa_pem));
  EXPECT_FALSE(PublicKey::from_pem(""));
  EXPECT_FALSE(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"));
  EXPECT_FALSE(PublicKey::from_pem(rsa_pem.substr(0, 200)));
  EXPECT_FALSE(PublicKey::from_pem(std::string(20000, 'A')));
}

TEST(PublicKey, APrivateKeyTellsItsPublicOne) {
  struct Pair {
    std::string_view of_private, of_public;
  };
  const Pair pairs[] = {{p256_sec1, p256_spki},
                        {p256_pkcs8, p256_spki},
                        {p384_pkcs8, p384_spki},
                        {ed25519_pkcs8, ed25519_spki},
                        {rsa_pkcs1, rsa_spki}};
  for (const Pair& one : pairs) {
    const auto computed = PublicKey::of_private_key(octets(one.of_private));
    ASSERT_TRUE(computed) << one.of_private;
    for (const Pair& other : pairs) {
      const auto read = PublicKey::from_der(octets(other.of_public));
      ASSERT_TRUE(read) << other.of_public;
      EXPECT_EQ(*computed == *read, one.of_public == other.of_public) << one.of_private;
    }
  }
  EXPECT_FALSE(PublicKey::of_private_key(octets(p256_spki)));
  EXPECT_FALSE(PublicKey::of_private_key(""));
}

}  // namespace
}  // namespace ringpost::crypto
